# make demo, make test: each sets up everything it needs by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help install demo test test-slow check format docs weights clean

help:
	@echo "make install    create .venv with inkmint and its development tools"
	@echo "make demo       train, mint, measure, report: about six minutes on two cores"
	@echo "make test       the test suite, without the network"
	@echo "make test-slow  the tests that take minutes or the full MNIST"
	@echo "make check      lint, types, layers, generated documentation"
	@echo "make weights    train the models that come with the package again, three seeds each: hours"
	@echo "make docs       write the generated documentation again"

install: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "inkmint needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)

demo: install
	$(BIN)/inkmint demo

# One thread for each of the two test processes: torch's default would have them fight for the cores.
test: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

test-slow: install
	$(BIN)/python -m pytest -m slow -s

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/docs.py --check

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

weights: install
	$(BIN)/python scripts/build_weights.py

docs: install
	$(BIN)/python scripts/docs.py

clean:
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
