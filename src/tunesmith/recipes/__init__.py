"""Whole strategies, made of samplers, schedulers and trainings."""
