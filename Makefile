# From a fresh machine: `make demo`, `make test`. Needs Python 3.11 or newer (with venv) and make.
PYTHON   ?= python3
VENV     ?= .venv
BIN      := $(VENV)/bin
REPORT   ?= report
# `make test MARKERS=` runs the slow tests too; PYTEST_ARGS takes anything else, e.g. a path.
MARKERS  ?= not slow
PYTEST_ARGS ?=
PINS     := $(wildcard constraints/*.txt)
BASE     := $(VENV)/.base-installed
DEV      := $(VENV)/.dev-installed
PEERS    := $(VENV)/.peers-installed

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs bench constraints clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(BASE) ## verify the paper's statements, certify an example, leave both reports in report/
	@mkdir -p $(REPORT)
	MPLBACKEND=Agg $(BIN)/danskin verify --json $(REPORT)/verify.json \
		--html $(REPORT)/verify.html
	MPLBACKEND=Agg $(BIN)/danskin certify examples/orabona.toml \
		--plot $(REPORT)/orabona.png --json $(REPORT)/orabona.json
	@echo
	@echo "The reports lie in $(REPORT)/:"
	@echo "  verify.html   every statement of the paper with its verdict and evidence: open it in a browser"
	@echo "  verify.json   the same for programs"
	@echo "  orabona.json  the example's maximizers, gradients, directions and certificate"
	@echo "  orabona.png   its directional derivative over all directions"
	@echo "An objective of your own: $(BIN)/danskin certify my_problem.toml (see examples/)"

test: $(DEV) ## run the tests (slow ones too with MARKERS=)
	$(BIN)/python -m pytest -m "$(MARKERS)" $(PYTEST_ARGS)

lint: $(DEV) ## ruff, pyright and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(DEV) ## let ruff fix and format what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DEV) ## draw docs/gallery.md and all figures of the docs anew
	OMP_NUM_THREADS=1 $(BIN)/python docs/make_figures.py

bench: $(PEERS) ## measure the solvers and the bridge against their peers (benchmarks/README.md)
	$(BIN)/python benchmarks/run_minnorm.py
	$(BIN)/python benchmarks/bridge.py
	$(BIN)/python benchmarks/bridge.py --paper
	$(BIN)/python benchmarks/run_proof.py

constraints: $(BIN)/python ## resolve the pinned versions anew for this Python
	$(BIN)/python constraints/resolve.py

clean: ## remove reports and caches
	rm -rf $(REPORT) build dist .pytest_cache .hypothesis .ruff_cache .import_linter_cache .benchmarks
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove the virtual environment too
	rm -rf $(VENV)

# --- set-up -----------------------------------------------------------------------------------

# The version is checked here and not left to pip, whose message would come minutes later. A half
# made environment must not count as made, hence the rm.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "danskin needs Python 3.11 or newer, and there is no '$(PYTHON)' here."; \
		echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "danskin needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
		echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -f $(BIN)/python; \
		echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(BASE): pyproject.toml $(PINS) | $(BIN)/python
	$(call install,.)
	@touch $@

$(DEV): pyproject.toml $(PINS) | $(BIN)/python
	$(call install,.[dev$(comma)explorer$(comma)notebooks$(comma)torch])
	@touch $@ $(BASE)

$(PEERS): pyproject.toml $(PINS) | $(DEV)
	$(call install,.[dev$(comma)explorer$(comma)notebooks$(comma)torch$(comma)bench])
	@touch $@ $(DEV) $(BASE)

comma := ,

# Each Python version has its own pins; a version without a file gets what pip resolves. -qq: errors
# only, since a package index may have a warning for each of a hundred packages.
define install
	@pins=constraints/$$($(BIN)/python -c 'import sys; print("py%d%d" % sys.version_info[:2])').txt; \
	if [ -f "$$pins" ]; then \
		echo "installing $(1) into $(VENV) with $$pins (takes a few minutes the first time)"; \
		set -- -c "$$pins"; \
	else \
		echo "installing $(1) into $(VENV); there is no $$pins, so the newest versions are taken"; \
		set --; \
	fi; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check "$$@" -e "$(1)"
endef
