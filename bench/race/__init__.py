"""The parts of `bench/quality.py`: tasks, races of optimizers on them, and what is measured of the races."""
