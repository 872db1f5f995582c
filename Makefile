# All that a newcomer needs: make demo, make test, make check, make up (and make down).
# Each first sets up what is missing: .venv from the pinned requirements, Azurite and Kafka's jars in .local/cache.

BIN := .venv/bin
CACHE := .local/cache

VENV := .venv/.ready
AZURITE := $(CACHE)/azurite/.ready
KAFKA := $(CACHE)/kafka/.ready
SETUP := $(VENV) $(AZURITE) $(KAFKA)

.PHONY: help demo test check up down setup
.DEFAULT_GOAL := help

help:
	@echo "make demo    run the main job from sample alerts to verdicts and show it"
	@echo "make test    run the whole test suite"
	@echo "make check   lint, formatting, types, architecture"
	@echo "make up      start the services and the product on port 7071"
	@echo "make down    stop them"

demo: $(SETUP)
	$(BIN)/aluskort demo

test: $(SETUP)
	$(BIN)/python -m pytest

check: $(VENV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

up: $(SETUP)
	$(BIN)/aluskort up

down: $(VENV)
	$(BIN)/aluskort down

setup: $(SETUP)

# The stamp is written last, so an interrupted step is done again.
$(VENV): requirements-dev.txt pyproject.toml local/services/prerequisites.sh
	@echo "== Python packages into .venv"
	python=$$(local/services/prerequisites.sh) && "$$python" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(AZURITE): local/services/package.json local/services/package-lock.json | $(VENV)
	@echo "== Azurite into $(@D)"
	mkdir -p $(@D)
	cp local/services/package.json local/services/package-lock.json $(@D)
	npm ci --prefix $(@D) --no-audit --no-fund --ignore-scripts --loglevel=error
	touch $@

$(KAFKA): local/services/kafka-pom.xml | $(VENV)
	@echo "== Apache Kafka into $(@D)"
	rm -rf $(@D)
	mvn --quiet --batch-mode --file local/services/kafka-pom.xml dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory=$(CURDIR)/$(@D)
	touch $@
