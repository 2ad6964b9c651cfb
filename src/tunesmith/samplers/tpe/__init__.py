"""TPE, a density estimator: `sampler.py` asks, `split.py` divides the past, `parzen.py` and `columns.py` model it."""
