"""The parts of `bench/fidelity.py`: learning curves, the virtual world in which methods train along them, and tables."""
