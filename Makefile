# Two commands for a newcomer: `make demo` and `make test`. Each sets up what it needs first.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The same torch as the locks name; see docs/cuda.md for CUDA and CPU builds.
TORCH ?= torch==2.13.0

.PHONY: demo test setup lint check doctor experiment-forgetting experiment-bridge lock sbom audit clean

demo: setup
	$(BIN)/python -m demo

# Half an hour at most on two cores; reports go to docs/results/. Stopped, they go on with the same command.
experiment-forgetting experiment-bridge: setup
	$(BIN)/python -m demo.prepare --output out/demo/data
	$(BIN)/python -m corpus.build --config demo/corpus.yaml
	$(BIN)/python -m tokenization.expand --config demo/tokenizer.yaml
	$(BIN)/python -m $(subst experiment-,experiments.,$@) --config $(subst -,s/,$@)/demo.yaml

test: setup
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: setup
	$(BIN)/python requirements/check_lock.py
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --cov --cov-report=term:skip-covered

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml requirements/core.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 13) else "Daad needs Python 3.11 or 3.12; run make with PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --progress-bar on $(TORCH)
	$(BIN)/pip install --quiet --progress-bar on --requirement requirements/core.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

doctor: setup
	$(BIN)/python -m corpus.doctor

lock:
	$(BIN)/python requirements/make_locks.py

sbom: setup
	$(BIN)/python requirements/make_sbom.py

# The locks against a snapshot of advisories: make audit DATABASE=PATH; requirements/check_advisories.py says where from.
audit: setup
	$(BIN)/python requirements/check_advisories.py "$(DATABASE)"

clean:
	rm -rf out .venv .cache .mypy_cache .pytest_cache .ruff_cache
