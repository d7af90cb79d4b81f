# make demo    start the reference endpoint, probe it, leave the reports in drs-demo/
# make test    run the tests
# make test-long   run those that take minutes each
# make servers   install servers of others into .servers, which some tests probe
# make check   lint and types
# make docs    build the pages into site/
# make bench   run the short benchmarks
# make bench-statistics   the decision engine by simulation, beside fixed-size tests; some minutes
# make bench-operating   whole runs against the reference endpoint and every mutant; hours
# make bench-noise   a hundred runs each against an endpoint with 1% and 5% noise; an hour
# make bench-suite   what the suite costs beside bare httpx, and memory over 100,000 exchanges; ten minutes
# make bench-perturbation   budgets, invariants and utility of every mechanism; ten minutes
# make bench-model   tokens a second of the endpoint over HTTP, beside the bare model; a minute (RECORD=--record writes)
# make bench-provenance   wrong claims and power of provenance, with students; a quarter of an hour
# make bench-starvation   the search for a mechanism that meets all three goals; half an hour (RECORD=--record writes)
# make efficacy      what output perturbation does to students, at its shortest; fifteen minutes
# make efficacy-full   every attacker and seed, diluted corpora, three teachers; hours
#
# Everything is installed into .venv first; with uv if it is there, else with venv and pip.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
SERVERS := .servers
OTHERS := conformance/tests/independent
PORT ?= 0
TORCH ?= torch==2.13.0
RUNS ?= 5000
RECORD ?=

# Tests start many processes; a machine that forbids .pyc files would have each of them
# compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-long servers check docs bench bench-statistics bench-operating bench-noise bench-suite bench-perturbation bench-model bench-provenance bench-starvation efficacy efficacy-full clean

$(STAMP): pyproject.toml Makefile
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python '>=3.11' $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python -e '.[dev,docs]'; \
	else \
	  $(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)' && \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,docs]'; \
	fi
	@touch $@

servers: $(SERVERS)/installed

$(SERVERS)/installed: $(OTHERS)/requirements.txt $(OTHERS)/package.json
	@rm -rf $(SERVERS) && $(PYTHON) -m venv $(SERVERS)/venv
	@$(SERVERS)/venv/bin/python -m pip install --quiet --disable-pip-version-check \
	  -r $(OTHERS)/requirements.txt
	@cp $(OTHERS)/package.json $(SERVERS)/
	@npm install --prefix $(SERVERS) --silent --no-audit --no-fund --no-package-lock --ignore-scripts
	@touch $@

demo: $(STAMP)
	@$(BIN)/python conformance/demo.py

test: $(STAMP)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile

test-long: $(STAMP)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile -m long

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/drs spec check

docs: $(STAMP)
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(STAMP)
	$(BIN)/python conformance/benchmarks/suite.py

bench-statistics: $(STAMP)
	$(BIN)/python conformance/benchmarks/decision_engine.py --runs $(RUNS)

bench-operating: $(STAMP)
	$(BIN)/python conformance/benchmarks/operating.py

bench-noise: $(STAMP)
	$(BIN)/python conformance/benchmarks/noise.py

bench-suite: $(STAMP)
	$(BIN)/python conformance/benchmarks/suite.py --record

bench-perturbation: $(STAMP)
	$(BIN)/python reference_impl/benchmarks/perturbation.py

bench-model: $(STAMP)
	$(BIN)/python reference_impl/benchmarks/model.py $(RECORD)

$(VENV)/torch: $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check '$(TORCH)'
	@touch $@

bench-provenance: $(VENV)/torch
	$(BIN)/python reference_impl/benchmarks/provenance.py

bench-starvation: $(VENV)/torch
	$(BIN)/python reference_impl/benchmarks/starvation.py $(RECORD)

efficacy: $(VENV)/torch
	$(BIN)/drs-reference efficacy
	cp drs-efficacy/efficacy.json docs/measurements/efficacy.json

efficacy-full: $(VENV)/torch
	$(BIN)/drs-reference efficacy --full --out drs-efficacy-full
	cp drs-efficacy-full/efficacy.json docs/measurements/efficacy_full.json

clean:
	rm -rf $(VENV) $(SERVERS) site drs-demo drs-results drs-efficacy drs-efficacy-full drs-efficacy-foreign
