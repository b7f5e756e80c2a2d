# Everything a fresh clone needs is Python 3.11 or later with its venv module.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COMPILED := $(VENV)/.compiled
# Tests of real processes wait a good deal: three at a time keep two cores busy.
WORKERS ?= 3
# In the order in which tests/conftest.py puts the files.
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
FUZZ_SECONDS ?= 60

# What runs beside each other; the words of each stay together.
CHECKS := types style layers sandbox
AT_ONCE := --no-print-directory --keep-going --output-sync=target --jobs=2
# Starting anything is quicker with its modules compiled, and each worker would otherwise compile every test anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: $(CHECKS) faults run test check fast bench bench-supervision fuzz audit nightly sim lock clean

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $(STAMP)

## Start the daemon on an embedded store with the demo site base.
run: $(STAMP)
	$(BIN)/arcd --config config/demo/arcd.yaml --demo

## Everything that must hold before a commit lands.
test: $(STAMP)
	@$(MAKE) $(AT_ONCE) $(CHECKS) $(COMPILED)
	$(BIN)/python -m pytest $(PARALLEL)

## What needs no test run: style, types, layers, the unit's sandbox.
check: $(STAMP)
	@$(MAKE) $(AT_ONCE) $(CHECKS)

$(CHECKS): $(STAMP)

types:
	$(BIN)/mypy

layers:
	$(BIN)/lint-imports --no-logo

style:
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

sandbox:
	systemd-analyze security --offline=true --threshold=15 systemd/arcd.service >/dev/null

# Once, while the types are looked at; what is wrong with a test is said when it is run.
$(COMPILED): $(STAMP) $(shell find tests -name '*.py')
	-@$(BIN)/python -m pytest --collect-only -qq >/dev/null
	@touch $@

## Only the tests, without the slow ones.
fast: $(STAMP)
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

## Durable signals per second and their latency, beside the ceiling of this machine.
bench: $(STAMP)
	$(BIN)/python -m tests.bench

## 120,000 supervised paths in one daemon for a minute: what a heartbeat and a path cost, and nobody blamed wrongly.
bench-supervision: $(STAMP)
	$(BIN)/python -m tests.bench.supervision

## Known vulnerabilities of what is locked. Needs the network, so it is not part of `test`.
audit:
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	$(VENV)-audit/bin/pip-audit --require-hashes --disable-pip --requirement requirements.lock

## What a machine can do to the daemon: kills at named and random points, disks, floods, clocks. Longer than in `test`.
faults: $(STAMP)
	ARCD_FRESH=1 ARCD_CRASHES=200 $(BIN)/python -m pytest tests/faults tests/crash tests/e2e/test_restart.py tests/e2e/test_failing_disk.py

## Sixty seconds of coverage-guided search for every codec. atheris has wheels for Linux on x86-64 only.
fuzz: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

## Longer searches than a commit can wait for.
nightly: $(STAMP)
	ARCD_FRESH=1 ARCD_HYPOTHESIS=nightly $(BIN)/python -m pytest $(PARALLEL)

## Very many seeds of the simulated centre: `make sim SEEDS=100000 [FROM=…] [WORLD="bad lines"]`.
SEEDS ?= 10000
FROM ?= 0
sim: $(STAMP)
	$(BIN)/python -m tests.sim --seeds $(SEEDS) --from $(FROM) --world "$(WORLD)" --workers $(WORKERS)

## Resolve the locked dependencies anew.
lock: $(STAMP)
	$(BIN)/pip-compile --quiet --extra dev --strip-extras --generate-hashes --allow-unsafe --no-emit-options \
		--output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) var build dist *.egg-info
