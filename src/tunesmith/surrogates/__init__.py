"""Surrogates: what has been learned about configurations, and Gaussian processes that predict the rest. Pure."""
