"""Recorded trials trained again: here, with a verdict (`rerun`), or elsewhere, from a directory (`recipe`)."""
