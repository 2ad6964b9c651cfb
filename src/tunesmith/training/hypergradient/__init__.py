"""Hyperparameters that move along gradients of the validation loss while a model trains."""
