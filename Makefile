# make mnist   train on MNIST and print the result       make test    run the tests
# make check   more tests, ruff, mypy, site, as CI does  make dist    build and check the distributions
# make site    build the documents into build/site       make gallery make the reports in reports/gallery anew
# make bench   print the speed and accuracy figures

PYTHON ?= python3
BIN = .venv/bin
MEMBERS = packages/core packages/vision packages/text packages/tabular plugins/mnist plugins/reviews plugins/words plugins/regularizers plugins/augment plugins/backbones plugins/loggers plugins/toys plugins/sequences plugins/serve reports workbench
MADE_FROM = requirements.txt requirements-dev.txt constraints.txt $(addsuffix /pyproject.toml,$(MEMBERS))

.PHONY: mnist test check lint site dist try-dist bench gallery torture clean

mnist: .venv/made
	$(BIN)/dl fit vision mnist

PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder

test: .venv/made
	$(PYTEST) -m "not slow and not check"

torture: .venv/made
	$(BIN)/python -m pytest

lint: .venv/made
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Warnings are errors; nothing is fetched.
site: .venv/made
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env -c docs/site -d build/doctrees . build/site

check: .venv/made
	$(PYTEST) -m "not slow"
	$(MAKE) lint site

# Needs a tree without changes; what it writes is the same, byte for byte, wherever it runs.
dist: .venv/made
	$(BIN)/python -m tools.dist

# The wheels in an environment that has nothing else, step by step with times.
try-dist: dist
	$(BIN)/python -m tools.try_install

bench: .venv/made
	$(BIN)/python -m benchmarks

gallery: .venv/made
	$(BIN)/python reports/gallery/make.py

# Made anew only when what it is made from has changed. A member under a former name must not remain.
.venv/made: $(MADE_FROM)
	$(PYTHON) -m venv .venv
	rm -rf .venv/lib/python3*/site-packages/dl_*.dist-info
	$(BIN)/python -m pip install --quiet --requirement requirements.txt --requirement requirements-dev.txt --constraint constraints.txt
	touch $@

clean:
	rm -rf .venv dist build runs
