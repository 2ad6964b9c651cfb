"""Shared by all tests."""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # before numpy is loaded: the tests run side by side

from hypothesis import settings  # noqa: E402  the threads come first

settings.register_profile("tests", deadline=None, derandomize=True)
settings.load_profile("tests")
