# Every target does its own set-up: a plain `python3 -m venv` in .venv, then pip. Nothing else is assumed.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test check bench format clean

demo: $(READY)
	$(BIN)/tunesmith demo

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal -q

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m pip install -q -r bench/requirements.txt
	$(BIN)/python bench/overhead.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	touch $(READY)

clean:
	rm -rf .venv build dist
