# Everything starts from a machine with Python 3.11+, pip and make: each target sets up what it needs.
PYTHON ?= python3
MODEL ?= local:qwen2.5-coder-1.5b
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MEMBERS := kernel $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml contrib/plugins/*/pyproject.toml))

.PHONY: help setup demo test check bench battery constraints clean

help:
	@echo "make demo     an agent with tools on a real model in this process (MODEL=local:smollm2-135m is the light one)"
	@echo "make test     all tests of the ordinary tier"
	@echo "make check    ruff, mypy, pyright"
	@echo "make bench    what Trouplet costs beyond the raw work, as ratios"
	@echo "make battery  the slow tests: storms, real models, instruction budgets"

setup: $(READY)

# Third-party packages come from constraints.txt, by hash; the members of the workspace are installed editable.
$(READY): constraints.txt pyproject.toml $(addsuffix /pyproject.toml,$(MEMBERS))
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirement constraints.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(addprefix --editable ./,$(MEMBERS))
	touch $(READY)

demo: $(READY)
	@$(BIN)/python contrib/examples/demo.py $(MODEL)

test: $(READY)
	$(BIN)/python -m pytest -m "not battery"

battery: $(READY)
	$(BIN)/python -m pytest -m battery --timeout 1800

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright

bench: $(READY)
	$(BIN)/python tests/bench/run.py

# Run after changing a dependency. The lock itself records registry addresses and stays out of the repository.
constraints: $(READY)
	$(BIN)/uv lock --quiet
	$(BIN)/uv export --quiet --no-emit-workspace --no-header --no-annotate --output-file constraints.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis uv.lock
