"""Gaussian process: a model of the objective that says where the next trial is worth most."""
