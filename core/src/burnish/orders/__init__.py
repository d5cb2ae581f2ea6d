"""The one way in: create, initiate, cancel, look, for DIMSE, doors and the console alike."""
