"""What to try next. Pure."""
