"""Requests, their two state tables, and the ledger of pieces and attempts."""
