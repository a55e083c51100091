# Everything a newcomer, a developer and CI need. `make run` and `make test` set up what they use.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
OUT ?= out
JOBS ?= auto
THREADS ?= 1
SOURCES := graphflow tests bench

.PHONY: run test test-numpy test-native test-arm64 check lint types layers api api-check notebooks golden interop bench coverage-api reliability clean

run: $(VENV)/.run  ## train the tutorial on real handwritten digits, offline; results in out/
	$(PY) -m graphflow.examples.tutorials.mnist.walkthrough --out $(OUT)

test: $(VENV)/.test  ## everything CI checks that needs no TensorFlow
	$(PY) -m pytest -n $(JOBS)

test-numpy: $(VENV)/.test  ## the rows and programs again, without the compiled kernels
	GRAPHFLOW_NATIVE=0 $(PY) -m pytest -n $(JOBS) tests/test_ops.py tests/programs tests/plan tests/runtime

check: $(VENV)/.test lint types layers api-check test test-numpy test-native notebooks  ## what CI runs

# The compiled kernels by themselves: no Python. CXXFLAGS adds to the flags: CXXFLAGS=-fsanitize=address
CXX_ARM64 ?= aarch64-linux-gnu-g++
QEMU_ARM64 ?= $(firstword $(shell command -v qemu-aarch64-static qemu-aarch64 2>/dev/null))
NATIVE_FLAGS := -std=c++17 -O3 -Wall -Wextra -fno-math-errno -fno-trapping-math -fno-strict-aliasing
NATIVE_SOURCES := tests/native/kernels_test.cpp graphflow/runtime/csrc/threads.cpp \
	graphflow/runtime/csrc/philox.cpp $(wildcard graphflow/runtime/csrc/kernels_*.cpp)

test-native:  ## unit tests of the compiled kernels, for every instruction set this processor has
	@if command -v $(CXX) >/dev/null; then \
	  mkdir -p $(OUT)/native && \
	  $(CXX) $(NATIVE_FLAGS) $(CXXFLAGS) $(NATIVE_SOURCES) -o $(OUT)/native/kernels_test -lpthread && \
	  $(OUT)/native/kernels_test; \
	else \
	  echo "test-native: skipped, there is no C++ compiler ($(CXX))"; \
	fi

test-arm64:  ## the same tests compiled for arm64, on an emulated processor
	@command -v $(CXX_ARM64) >/dev/null || { \
	  echo "test-arm64: $(CXX_ARM64) is missing (Debian: g++-aarch64-linux-gnu)"; exit 1; }
	@test -n "$(QEMU_ARM64)" || { \
	  echo "test-arm64: qemu-aarch64 is missing (Debian: qemu-user-static or qemu-user)"; exit 1; }
	@mkdir -p $(OUT)/native
	@$(CXX_ARM64) $(NATIVE_FLAGS) -static $(NATIVE_SOURCES) -o $(OUT)/native/kernels_test_arm64 -lpthread
	@$(QEMU_ARM64) $(OUT)/native/kernels_test_arm64

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
	$(PY) -m bench.run --peers '$(PEERS)' --workloads '$(WORKLOADS)' --threads $(THREADS) $(if $(AVX2),--avx2)

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
