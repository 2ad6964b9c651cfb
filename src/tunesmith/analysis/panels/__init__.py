"""The figures of a study as plain arrays, one module each. Pure."""
