# Two commands do all the set-up: `make demo` and `make test`. Both need Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test check install lock clean

demo: $(VENV)/.installed          ## one trained classifier, read in every domain
	$(BIN)/python examples/digits/demo.py

test: $(VENV)/.installed          ## lint, types, layers, tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q --numprocesses auto --dist worksteal

install: $(VENV)/.installed       ## the environment, exact versions from requirements.lock

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fpsem needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

lock:                             ## resolve the versions anew (needs uv)
	uv pip compile pyproject.toml --extra dev --extra onnx --extra bitwuzla --extra cvc5 --extra dask --extra onnxruntime --extra report --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file requirements.lock

clean:
	rm -rf $(VENV)
