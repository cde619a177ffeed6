# Everything a fresh machine needs is Python 3.11 and, the first time, a package registry; `make test` and `make check`, which
# hold the JavaScript kernel to the Python one, need Node 20 as well. `make help` lists the rest.

PYTHON ?= python3
NPM := npm --prefix frontend
NODE_SETUP := frontend/node_modules/.complete
DASHBOARD := frontend/.output/.complete
BIN := .venv/bin
SETUP := .venv/.complete
JAVASCRIPT := sdk/javascript
KERNEL := $(JAVASCRIPT)/dist/.complete
# uv comes from the machine, or from PyPI into a folder of ours. (A shim that finds no uv behind it does not count.)
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .uv/bin/uv)
# Two processes: a second core is used, and one test's waiting is another one's turn. `make test PROCESSES=0` is one after the
# other, in the order of the files.
PROCESSES ?= 2
PYTEST := $(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile
TESTS ?=
# Tests start Litmus as a process again and again, and images like to set this: each would compile all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE
# What documents say about files, routes and the mission; what they tell people to run is run by `make test`.
DOCS := docs/tests/test_links.py docs/tests/test_mission.py docs/tests/test_reference.py

.PHONY: help run test check dashboard screenshots bench calibrate clean

help:  ## This list
	@awk -F ':.*##' '/^[a-z]+:.*##/ { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The kernel is for `make test`: what the first command has set up, the second must not need the network for.
run: $(SETUP) $(KERNEL) $(DASHBOARD)  ## Litmus and a live five-model experiment on http://localhost:3000; Ctrl-C ends all of it
	@LITMUS_DATA_FOLDER="$${LITMUS_DATA_FOLDER:-$(CURDIR)/.litmus}" $(BIN)/litmus demo

# The whole suite runs on the embedded PostgreSQL; what touches the database runs again on the one you name.
test: $(SETUP) $(KERNEL) $(DASHBOARD)  ## The suite; LITMUS_TEST_DATABASE_URL adds a second leg on a PostgreSQL of yours
	node --test $(JAVASCRIPT)/test/*.test.js
	$(NPM) test
	LITMUS_TEST_LEG=embedded $(PYTEST) $(TESTS)
	@if [ -n "$$LITMUS_TEST_DATABASE_URL" ]; then \
	   LITMUS_TEST_LEG=external $(PYTEST) -m database $(TESTS) && echo "legs that ran: embedded, external"; \
	 else \
	   echo "legs that ran: embedded (LITMUS_TEST_DATABASE_URL names no external PostgreSQL)"; \
	 fi

check: $(SETUP) $(KERNEL) $(NODE_SETUP)  ## Format, lint, types, directions of imports, and that the map of the house is true
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy backend/src sdk/python/src backend/tests docs/tests scripts
	$(BIN)/mypy sdk/python/tests
	MYPYPATH=bench $(BIN)/mypy bench
	npm --prefix $(JAVASCRIPT) run --silent check
	$(BIN)/lint-imports
	$(NPM) run typecheck
	$(NPM) run lint
	$(BIN)/python -m pytest -q backend/tests/test_house.py backend/tests/test_settings.py $(DOCS)

dashboard: $(DASHBOARD)  ## The dashboard's static files, which the server shows and its wheel brings along

screenshots: $(SETUP) $(DASHBOARD)  ## The pictures of the documents, from a live bandit
	$(BIN)/python backend/tests/browser/screenshots.py docs/pictures

bench: $(SETUP)  ## The figures of bench/README.md, measured on this machine
	$(BIN)/python bench/run.py

calibrate: $(SETUP)  ## Does what the statistics promise hold? Simulations, minutes long
	@for each in bench/calibrate*.py; do echo "── $$each"; $(BIN)/python $$each || exit 1; done

clean:  ## Forget what set-up made and the demonstration's data
	rm -rf $(JAVASCRIPT)/node_modules $(JAVASCRIPT)/dist frontend/node_modules frontend/.nuxt frontend/.output .venv .uv .litmus .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# Done once for a lock file: afterwards every target works with the network off.
$(SETUP): uv.lock pyproject.toml backend/pyproject.toml sdk/python/pyproject.toml | $(UV)
	$(UV) sync --locked
	@touch $@

$(KERNEL): $(JAVASCRIPT)/node_modules/.complete $(JAVASCRIPT)/tsconfig.json $(wildcard $(JAVASCRIPT)/src/*.ts)
	npm --prefix $(JAVASCRIPT) run --silent build
	@touch $@

$(JAVASCRIPT)/node_modules/.complete: $(JAVASCRIPT)/package-lock.json
	npm --prefix $(JAVASCRIPT) ci --silent --no-audit --no-fund
	@touch $@

$(NODE_SETUP): frontend/package.json frontend/package-lock.json
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' \
	  || { echo "Litmus needs Node 20.19 or later for its dashboard: https://nodejs.org"; exit 1; }
	$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

# Built anew when something in it has changed, files that went included: a folder is younger than what left it.
$(DASHBOARD): $(NODE_SETUP) $(wildcard frontend/*.ts) $(shell find frontend/app frontend/public 2>/dev/null)
	$(NPM) run build
	@touch $@

uv: ;

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
