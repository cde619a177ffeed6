# Everything a fresh machine needs is Python 3.11 and, the first time, a package registry. `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.complete
# uv comes from the machine, or from PyPI into a folder of ours. (A shim that finds no uv behind it does not count.)
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .uv/bin/uv)
# Two processes: a second core is used, and one test's waiting is another one's turn. `make test PROCESSES=0` is one after the
# other, in the order of the files.
PROCESSES ?= 2
PYTEST := $(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile
TESTS ?=
# What documents say about files, routes and the mission; what they tell people to run is run by `make test`.
DOCS := docs/tests/test_links.py docs/tests/test_mission.py docs/tests/test_reference.py

.PHONY: help run test check bench calibrate clean

help:  ## This list
	@awk -F ':.*##' '/^[a-z]+:.*##/ { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(SETUP)  ## Litmus and a live five-model experiment on http://localhost:8000; Ctrl-C ends all of it
	@LITMUS_DATA_FOLDER="$${LITMUS_DATA_FOLDER:-$(CURDIR)/.litmus}" $(BIN)/litmus demo

# The whole suite runs on the embedded PostgreSQL; what touches the database runs again on the one you name.
test: $(SETUP)  ## The suite; LITMUS_TEST_DATABASE_URL adds a second leg on a PostgreSQL of yours
	LITMUS_TEST_LEG=embedded $(PYTEST) $(TESTS)
	@if [ -n "$$LITMUS_TEST_DATABASE_URL" ]; then \
	   LITMUS_TEST_LEG=external $(PYTEST) -m database $(TESTS) && echo "legs that ran: embedded, external"; \
	 else \
	   echo "legs that ran: embedded (LITMUS_TEST_DATABASE_URL names no external PostgreSQL)"; \
	 fi

check: $(SETUP)  ## Format, lint, types, directions of imports, and that the map of the house is true
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy backend/src sdk/python/src backend/tests docs/tests scripts
	$(BIN)/mypy sdk/python/tests
	MYPYPATH=bench $(BIN)/mypy bench
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q backend/tests/test_house.py backend/tests/test_settings.py $(DOCS)

bench: $(SETUP)  ## The figures of bench/README.md, measured on this machine
	$(BIN)/python bench/run.py

calibrate: $(SETUP)  ## Does what the statistics promise hold? Simulations, minutes long
	@for each in bench/calibrate*.py; do echo "── $$each"; $(BIN)/python $$each || exit 1; done

clean:  ## Forget what set-up made and the demonstration's data
	rm -rf .venv .uv .litmus .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# Done once for a lock file: afterwards every target works with the network off.
$(SETUP): uv.lock pyproject.toml backend/pyproject.toml sdk/python/pyproject.toml | $(UV)
	$(UV) sync --locked
	@touch $@

uv: ;

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
