# Every target does its own set-up: a plain `python3 -m venv` in .venv, then pip. Nothing else is assumed.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

PEERS := optuna smac hebo ax hyperopt nevergrad dehb ray syne_tune

.PHONY: demo test browser check bench bench-ui bench-setup bench-quality bench-importance bench-fidelity bench-transfer bench-winner format clean

demo: $(READY)
	$(BIN)/tunesmith demo

test: $(READY) browser
	$(BIN)/python -m pytest -n 2 --dist worksteal -q

# Tests of the dashboard drive a browser. Where none can be had they are skipped, and say so.
browser: $(READY)
	$(BIN)/python tests/web/chromium.py

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m pip install -q -r bench/requirements.txt
	$(BIN)/python bench/overhead.py

# A peer that cannot be installed is left out here, and named as such in the tables.
bench-setup: $(READY)
	-$(MAKE) --keep-going $(PEERS:%=bench/.envs/%/.ready)
	$(BIN)/python bench/quality.py methods

bench-ui: $(READY) browser bench/.envs/optuna-dashboard/.ready
	$(BIN)/python bench/ui.py

bench/.envs/%/.ready: bench/peers/%.txt
	$(PYTHON) -m venv bench/.envs/$*
	bench/.envs/$*/bin/python -m pip install -q --disable-pip-version-check -r $<
	touch $@

QUICK := tunesmith:auto optuna-random optuna-tpe optuna-nsga2 hyperopt nevergrad
SLOW := optuna-gp smac ax

bench-quality: $(READY)
	$(BIN)/python bench/quality.py run --seeds 5 $(QUICK:%=--method %)
	$(BIN)/python bench/quality.py run --seeds 2 $(SLOW:%=--method %) --subset
	$(BIN)/python bench/quality.py run --seeds 2 --method hebo --subset --trials 60
	$(BIN)/python bench/quality.py run --seeds 2 --method tunesmith:auto --method optuna-tpe --subset --only mixed --trials 1000
	$(BIN)/python bench/quality.py report

QUICK_CURVES := tunesmith:auto random epochs-1 optuna-tpe optuna-tpe-median optuna-tpe-hyperband ray-asha syne-asha dehb
SLOW_CURVES := ray-bohb syne-bohb smac-hyperband
SLOWEST_CURVES := syne-asha-bore syne-asha-cqr

bench-fidelity: $(READY)
	$(BIN)/python bench/fidelity.py run --seeds 10 $(QUICK_CURVES:%=--method %)
	$(BIN)/python bench/fidelity.py run --seeds 10 --workers 16 $(QUICK_CURVES:%=--method %)
	$(BIN)/python bench/fidelity.py run --seeds 2 --budget 20 --subset $(SLOW_CURVES:%=--method %)
	$(BIN)/python bench/fidelity.py run --seeds 1 --budget 10 --subset $(SLOWEST_CURVES:%=--method %)
	$(BIN)/python bench/fidelity.py report

bench-importance: $(READY) bench/.envs/optuna/.ready
	$(BIN)/python bench/importance.py

bench-transfer: $(READY)
	$(BIN)/python bench/transfer.py run
	$(BIN)/python bench/transfer.py report

bench-winner: $(READY) bench/.envs/optuna/.ready bench/.envs/ray/.ready
	$(BIN)/python bench/winner.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	touch $(READY)

clean:
	rm -rf .venv build dist
