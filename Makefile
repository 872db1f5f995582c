# All that a newcomer needs: make demo, make test, make check, make up (and make down).
# Each first sets up what is missing: .venv from the pinned requirements, Azurite and Kafka's jars in .local/cache.

MAKEFLAGS += --jobs=3  # the three downloads run side by side; everything else is a single target
BIN := .venv/bin
CACHE := .local/cache

PYTHON_PATH := .local/python
VENV := .venv/.ready
AZURITE := $(CACHE)/azurite/.ready
KAFKA := $(CACHE)/kafka/.ready
PEERS := .venv-bench/.ready
SETUP := $(VENV) $(AZURITE) $(KAFKA)

.PHONY: help demo test check bench up down setup
.DEFAULT_GOAL := help

help:
	@echo "make demo    run the main job from sample alerts to verdicts and show it"
	@echo "make test    run the whole test suite"
	@echo "make check   lint, formatting, types, architecture"
	@echo "make bench   speed and quality beside other libraries, in one run"
	@echo "make up      start the services and the product on port 7071"
	@echo "make down    stop them"

demo: $(SETUP)
	$(BIN)/aluskort demo

test: $(SETUP)
	$(BIN)/python -m pytest

check: $(VENV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	$(BIN)/lint-imports

bench: $(VENV) $(PEERS)
	$(BIN)/python -m tests.benchmarks

up: $(SETUP)
	$(BIN)/aluskort up

down: $(VENV)
	$(BIN)/aluskort down

setup: $(SETUP)

# Each stamp is written last, so an interrupted step is done again.
$(PYTHON_PATH): local/services/prerequisites.sh
	@mkdir -p $(@D)
	@local/services/prerequisites.sh > $@.new && mv $@.new $@

$(VENV): requirements-dev.txt pyproject.toml | $(PYTHON_PATH)
	@echo "== Python packages into .venv"
	@"$$(cat $(PYTHON_PATH))" -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(PEERS): tests/benchmarks/requirements-peers.txt | $(PYTHON_PATH)
	@echo "== the libraries that we are measured against, into .venv-bench"
	@"$$(cat $(PYTHON_PATH))" -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(AZURITE): local/services/package.json local/services/package-lock.json | $(PYTHON_PATH)
	@echo "== Azurite into $(@D)"
	@mkdir -p $(@D)
	@cp local/services/package.json local/services/package-lock.json $(@D)
	@npm ci --prefix $(@D) --no-audit --no-fund --ignore-scripts --loglevel=error --silent
	@touch $@

$(KAFKA): local/services/kafka-pom.xml | $(PYTHON_PATH)
	@echo "== Apache Kafka into $(@D)"
	@rm -rf $(@D)
	@mvn --quiet --batch-mode --file local/services/kafka-pom.xml dependency:copy-dependencies \
		-Dstyle.color=never -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/$(@D)
	@touch $@
