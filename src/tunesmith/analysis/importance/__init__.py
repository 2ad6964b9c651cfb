"""Importance: which parameters the outcome depends on, and how sure that is."""
