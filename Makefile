# Everything a newcomer, a developer and CI need. `make run` and `make test` set up what they use.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
OUT ?= out
JOBS ?= auto
THREADS ?= 1
SOURCES := graphflow tests bench

.PHONY: run test test-numpy check lint types layers api api-check notebooks golden interop bench coverage-api reliability clean

run: $(VENV)/.run  ## train the tutorial on real handwritten digits, offline; results in out/
	$(PY) -m graphflow.examples.tutorials.mnist.walkthrough --out $(OUT)

test: $(VENV)/.test  ## everything CI checks that needs no TensorFlow
	$(PY) -m pytest -n $(JOBS)

test-numpy: $(VENV)/.test  ## the rows and programs again, without the compiled kernels
	GRAPHFLOW_NATIVE=0 $(PY) -m pytest -n $(JOBS) tests/test_ops.py tests/programs tests/plan tests/runtime

check: $(VENV)/.test lint types layers api-check test test-numpy notebooks  ## what CI runs

lint: $(VENV)/.test
	$(VENV)/bin/ruff format --check $(SOURCES)
	$(VENV)/bin/ruff check $(SOURCES)

types: $(VENV)/.test
	PYTHONHASHSEED=0 $(VENV)/bin/mypy  # its inference of unions depends on the order of sets

layers: $(VENV)/.test
	$(VENV)/bin/lint-imports

api: $(VENV)/.test  ## write the public namespaces from the exported names
	$(PY) -P graphflow/_namespaces.py
	$(VENV)/bin/ruff format -q graphflow

api-check: $(VENV)/.test
	$(PY) -P graphflow/_namespaces.py --check

notebooks: $(VENV)/.test  ## run every notebook; the results are not written back
	$(PY) notebooks/run.py

coverage-api: $(VENV)/.test  ## write docs/api_coverage.md: how much of TensorFlow's API is here
	$(PY) tests/api_coverage.py

reliability: $(VENV)/.test  ## run the reliability trials at full length; writes docs/reliability.md
	$(PY) -m tests.reliability.measure

golden:  ## record what TensorFlow 1.15.5 does (GRAPHFLOW_TF_PYTHON or .oracle/tf115)
	$(PY) tests/golden/record_all.py

interop: $(VENV)/.test  ## exchange files with TensorFlow 1.15.5 and 2.x, where they are installed
	$(PY) tests/interop/run.py

bench: $(VENV)/.test  ## compare with the peers that are installed; asserts nothing
	$(PY) -m bench.run --peers '$(PEERS)' --workloads '$(WORKLOADS)' --threads $(THREADS)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade pip

NATIVE := $(wildcard graphflow/runtime/csrc/*)

$(VENV)/.run: setup.cfg pyproject.toml $(NATIVE) | $(VENV)/bin/python
	PYTHONWARNINGS=ignore $(PY) -m pip install --quiet --editable '.[svg]'
	touch $@

$(VENV)/.test: setup.cfg pyproject.toml $(NATIVE) | $(VENV)/bin/python
	PYTHONWARNINGS=ignore $(PY) -m pip install --quiet --editable '.[svg,test,tensorboard,image,notebooks]'
	touch $@

clean:
	rm -rf $(VENV) $(OUT) build dist *.egg-info
