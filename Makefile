# All that a newcomer needs: make demo, make test, make check, make up (and make down).
# Each first sets up what is missing: .venv from the pinned requirements, Azurite and Kafka's jars in .local/cache.

MAKEFLAGS += --jobs=3  # the three downloads run side by side; everything else is a single target
BIN := .venv/bin
CACHE := .local/cache
FETCHED := local/services/fetched.sh
WORKERS := 3  # of make test: on two cores two compute while one waits for a service

PYTHON_PATH := .local/python
VENV := .venv/.ready
AZURITE := $(CACHE)/azurite/.ready
KAFKA := $(CACHE)/kafka/.ready
PEERS := .venv-bench/.ready
NEO4J := $(CACHE)/neo4j/.ready
SETUP := $(VENV) $(AZURITE) $(KAFKA)

# Tests start Python by the hundred: where this is set, each would compile the whole product anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help neo4j demo test e2e packaging terraform check bench detection-report up down setup
.DEFAULT_GOAL := help

help:
	@echo "make demo       run the main job from sample alerts to verdicts and show it; KEEP=1 leaves it up, FULL=1 shows all"
	@echo "make test       run the test suite; e2e, packaging and terraform are the slow rest of it"
	@echo "make check      lint, formatting, types, architecture"
	@echo "make bench      speed and quality beside other libraries, in one run"
	@echo "make detection-report  how well the detections find simulated attacks; takes half an hour"
	@echo "make up         start the services and the product, on port 7071 where it is free"
	@echo "make down       stop them"
	@echo "make e2e        run the whole product: its main job, outages, kill -9"
	@echo "make packaging  build the deployment package and load it as Azure does"
	@echo "make terraform  test the infrastructure; needs Terraform and its registry"

demo: $(SETUP)
	$(BIN)/aluskort demo $(if $(KEEP),--keep) $(if $(FULL),--full)

# The files with the longest tests come first, so that no worker begins one when the others are done.
test: $(SETUP) $(NEO4J)
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder --durations=20 \
		-p tests.budget tests/integration tests/fuzz tests/replay tests/unit

e2e: $(SETUP)
	$(BIN)/python -m pytest --timeout=1800 --durations=10 tests/e2e

packaging: $(VENV)
	$(BIN)/python -m pytest tests/packaging

terraform: $(VENV) $(KAFKA)
	$(BIN)/python -m pytest tests/iac

check: $(VENV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	$(BIN)/lint-imports

bench: $(VENV) $(PEERS)
	$(BIN)/python -m tests.benchmarks

detection-report: $(VENV)
	$(BIN)/python -m tests.benchmarks.detections

up: $(SETUP)
	$(BIN)/aluskort up

down: $(VENV)
	$(BIN)/aluskort down

# The graph of assets and zones, which the product does without: tests need it.
neo4j: $(NEO4J)

setup: $(SETUP) $(NEO4J)

# Each stamp is written last, so an interrupted step is done again.
$(PYTHON_PATH): local/services/prerequisites.sh
	@mkdir -p $(@D)
	@local/services/prerequisites.sh python > $@.new && mv $@.new $@

$(VENV): requirements-dev.txt pyproject.toml | $(PYTHON_PATH)
	@"$$(cat $(PYTHON_PATH))" -m venv .venv
	@$(FETCHED) "Python packages into .venv" $(CACHE)/pip.log \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(FETCHED) "the command aluskort into .venv/bin" $(CACHE)/aluskort.log \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(PEERS): tests/benchmarks/requirements-peers.txt | $(PYTHON_PATH)
	@"$$(cat $(PYTHON_PATH))" -m venv .venv-bench
	@$(FETCHED) "the libraries that we are measured against, into .venv-bench" $(CACHE)/peers.log \
		.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(AZURITE): local/services/package.json local/services/package-lock.json
	@local/services/prerequisites.sh azurite
	@mkdir -p $(@D)
	@cp local/services/package.json local/services/package-lock.json $(@D)
	@$(FETCHED) "Azurite into $(@D)" $(CACHE)/azurite.log \
		npm ci --prefix $(@D) --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

$(KAFKA): local/services/kafka-pom.xml
	@local/services/prerequisites.sh kafka
	@rm -rf $(@D)
	@$(FETCHED) "Apache Kafka into $(@D)" $(CACHE)/kafka.log \
		mvn --quiet --batch-mode --file local/services/kafka-pom.xml dependency:copy-dependencies \
		-Dstyle.color=never -DincludeScope=runtime -DoutputDirectory="$(CURDIR)/$(@D)"
	@touch $@

$(NEO4J): local/services/neo4j-pom.xml
	@local/services/prerequisites.sh kafka
	@rm -rf $(@D)
	@$(FETCHED) "Neo4j into $(@D)" $(CACHE)/neo4j.log \
		mvn --quiet --batch-mode --file local/services/neo4j-pom.xml dependency:copy-dependencies \
		-Dstyle.color=never -DincludeScope=runtime -DoutputDirectory="$(CURDIR)/$(@D)"
	@touch $@
