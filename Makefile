# The commands of this repository. They need make and Python 3.11 to 3.13; uv is used where found.

BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
UV := $(shell command -v uv 2>/dev/null)

# The first Python that runs and fits: a version manager leaves commands that exist and do not run.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	$$name -c '$(FITS)' >/dev/null 2>&1 && echo $$name && break; done)
FITTING = $(shell $(or $(PYTHON),false) -c '$(FITS)' 2>/dev/null && echo yes)
NO_PYTHON = This project needs Python 3.11, 3.12 or 3.13 and $(or $(PYTHON),python3) is none of them: \
	install one, or name it as in "make report PYTHON=/path/to/python3.13"

ifdef UV
CREATE = $(UV) venv --quiet --clear --python $(PYTHON) .venv
INSTALL = $(UV) pip install --quiet --python .venv
else
CREATE = $(PYTHON) -m venv --clear .venv
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

# A stamp is written last and named for what was installed, and where. So an interrupted install,
# another lock or a moved folder installs anew; a new time stamp on the same content does not.
# An unpacked replication package may lie where there is no git.
HASH = { git hash-object --stdin 2>/dev/null || cksum | tr ' ' '-'; }
stamp = .venv/$(1)-$(shell { pwd -P; cat $(2); } | $(HASH))
LOCKED := $(call stamp,locked,requirements.lock)
READY := $(call stamp,ready,requirements.lock pyproject.toml)

.DEFAULT_GOAL := help
.PHONY: help report test test-browser golden bench lab status verify format release lock audit clean distclean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

report: $(READY)  ## run the study and write reports/, in Norwegian and English
	$(BIN)/bsup report --language both

test: export OPENBLAS_NUM_THREADS = 1  # two workers on two cores; more threads only wait for each other
test: $(READY)  ## check style and types, run the tests and every notebook
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
	$(if $(wildcard notebooks/*.ipynb),$(BIN)/pytest --nbval-lax --nbval-current-env -n 2 --dist loadscope notebooks)

BROWSERS = chromium chromium-browser google-chrome google-chrome-stable
test-browser: $(READY)  ## check the report in a real browser (Debian: installs chromium)
	@for name in $(BROWSERS); do command -v $$name >/dev/null && exit; done; \
	command -v apt-get >/dev/null || \
		{ echo 'There is no browser: install Chromium or Chrome, then run it again.' >&2; exit 1; }; \
	apt-get update -qq && apt-get install -y -qq chromium
	$(BIN)/pytest -rs -n 2 tests/browser

golden: $(READY)  ## store anew the pictures that pages are held against (the browser's where it is)
	BSUP_GOLDEN=1 $(BIN)/pytest tests/report/test_report_golden.py tests/browser/test_browser_golden.py \
		-k "looks_as_stored or look_as_stored"

bench: $(READY)  ## measure the simulation kernel against other software, as ratios
	$(BIN)/python benchmarks/kernel.py

# The filter lets git see of a notebook only what is stored of it, so that a saved run is no change.
lab: $(READY)  ## open JupyterLab in the same environment
	@! git rev-parse --git-dir >/dev/null 2>&1 || \
		git config filter.notebook.clean "$(BIN)/python tools/notebook_form.py --filter"
	$(BIN)/jupyter lab

status: $(READY)  ## tell what is out of date, and why
	$(BIN)/bsup status

verify: $(READY)  ## compare raw data, tables and exhibits with their records
	$(BIN)/bsup verify

format: $(READY)  ## put code and notebooks into the house style
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .
	$(if $(wildcard notebooks/*.ipynb),$(BIN)/python tools/notebook_form.py --store notebooks/*.ipynb)

release: $(READY)  ## check that CHANGELOG, CITATION and version agree before an edition is tagged
	$(BIN)/python tools/release.py

lock:  ## write requirements.lock from pyproject.toml (needs uv; LOCKFLAGS=--upgrade takes newer versions)
	$(if $(UV),,$(error "make lock" needs uv on the PATH))
	$(UV) pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
		--no-header --no-emit-index-url --no-emit-find-links $(LOCKFLAGS) -o requirements.lock pyproject.toml

AUDIT = build/audit/$(notdir $(BIN))/python
audit:  ## hold the locked packages against known advisories (needs the network)
	$(if $(FITTING),,$(error $(NO_PYTHON)))
	@$(AUDIT) -c 'import pip_audit' 2>/dev/null || \
		{ $(PYTHON) -m venv --clear build/audit && $(AUDIT) -m pip install -qq pip-audit; }
	@$(AUDIT) tools/audit.py

clean:  ## remove what a run built beside the published reports
	rm -rf build

distclean: clean  ## remove the environment too
	rm -rf .venv

# From nothing, so that no package outlives its line in the lock. Byte code is compiled here, because
# a kernel that has to compile what it imports starts four times slower.
$(LOCKED):
	$(if $(FITTING),,$(error $(NO_PYTHON)))
	@echo 'Installing the environment into .venv, once; this takes $(if $(UV),half a minute,some minutes).'
	$(CREATE)
	$(INSTALL) --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -W ignore -m compileall -q -j 0 .venv
	@touch $@

# pip is asked for first: an environment that uv made has none.
$(READY): $(LOCKED)
	@rm -f .venv/ready-*
	$(if $(UV),,@$(BIN)/python -m ensurepip >/dev/null)
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
