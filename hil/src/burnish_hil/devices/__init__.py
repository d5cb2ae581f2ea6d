"""Devices that exist in software only, and what connects them to a guest.

mmc       a recorder and its discs, as the command set of MMC shows them
bus       USB/IP: devices that the guest's kernel attaches
usb_bot   a recorder on that bus, as USB mass storage
robots    disc robots beside recorders, on that bus or on a serial line
"""
