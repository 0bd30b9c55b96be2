# Everything a contributor, CI or an officer runs. `make` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ROUNDS ?= 100
RECORDS ?= 1000000
STRINGS ?= 200000
WORLDS ?= 100000
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help run test check test-specs test-rig test-elastic test-all rig rig-down elastic elastic-down conformance crash disposal-proof bench bench-search parity language golden format lock clean bench-export

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-17s %s\n", $$1, $$2}'

$(STAMP): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit("muniment needs Python 3.11 or newer: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what muniment needs into $(VENV) (once; a minute or two)"
	@$(BIN)/python -m pip install --quiet --retries 10 --timeout 60 --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $(STAMP)

run: $(STAMP) ## Archive the sandbox council from start to end: no account, key or server needed
	@$(BIN)/python -m infra.sandbox

test: $(STAMP) ## The tests that need nothing but Python (under 8 minutes)
	$(BIN)/python -m pytest -q -n 2 --dist loadfile
	@echo "Left out: the tiers 'specs' (make test-specs: vendors' specifications), 'rig' (make test-rig: real servers)"
	@echo "and 'elastic' (make test-elastic: real Elasticsearch 8.19 and 9; needs Java and Maven)."

check: $(STAMP) ## Format, lint, types, imports, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy schemas connectors muniment flows conformance tests bench infra
	$(BIN)/codespell

test-specs: $(STAMP) ## Fakes and requests against the vendors' specifications, found by MUNIMENT_SPECS
	$(BIN)/python -m pytest -q -m specs

rig: $(STAMP) ## Install and start the real servers: Bluesky, WordPress, PostgreSQL, S3 (Debian, as root; Go)
	$(BIN)/python -m infra.rig up

rig-down: $(STAMP) ## Stop the real servers
	$(BIN)/python -m infra.rig down

test-rig: $(STAMP) ## The tests against the real servers that `make rig` started
	$(BIN)/python -m pytest -q -m rig

elastic: $(STAMP) ## Fetch and start a real Elasticsearch 8.19 and a 9 (needs Java 17, Java 21 and Maven)
	$(BIN)/python -m infra.elasticsearch up 8 9

elastic-down: $(STAMP) ## Stop every Elasticsearch that we started
	$(BIN)/python -m infra.elasticsearch down

ELASTIC_TESTS := tests/muniment/adapters/search_index/elastic

test-elastic: elastic ## The tests against real Elasticsearch, which it starts and stops; two nodes at a time
	$(BIN)/python -m pytest -q -m elastic --ignore=$(ELASTIC_TESTS)/test_secure.py --ignore=$(ELASTIC_TESTS)/test_cluster.py
	$(BIN)/python -m infra.elasticsearch down
	$(BIN)/python -m infra.elasticsearch up secure
	$(BIN)/python -m pytest -q -m elastic $(ELASTIC_TESTS)/test_secure.py
	$(BIN)/python -m infra.elasticsearch down
	$(BIN)/python -m infra.elasticsearch up cluster
	$(BIN)/python -m pytest -q -m elastic $(ELASTIC_TESTS)/test_cluster.py
	$(BIN)/python -m infra.elasticsearch down

conformance: $(STAMP) ## Score this archiver against what the fake platforms really had
	$(BIN)/python -m bench.conformance

crash: $(STAMP) ## Kill archive, compaction, disposal, index and restore ROUNDS times, and look for what is lost
	$(BIN)/python -m bench.crash --rounds $(ROUNDS)

.PHONY: crash-s3
crash-s3: $(STAMP) ## The same with archive and media in a bucket of the S3 server that `make rig` started
	$(BIN)/python -m bench.crash --rounds $(ROUNDS) --store s3

.PHONY: retention-worlds
retention-worlds: $(STAMP) ## Random worlds of retention against a plain oracle: WORLDS of them (10 minutes)
	$(BIN)/python -m bench.retention --worlds $(WORLDS)

disposal-proof: export ELASTIC_HEAP ?= 512m
disposal-proof: $(STAMP) ## Destroy of RECORDS records on a disk, in S3, in every index; prove it, hold it to its targets
	$(BIN)/python -m bench.disposal_proof --records $(RECORDS)
	$(BIN)/python -m infra.rig up s3
	$(BIN)/python -m infra.elasticsearch up 8 9 cluster
	$(BIN)/python -m bench.disposal_proof --records $(RECORDS) --store s3 --index embedded 8 9 cluster
	$(BIN)/python -m infra.elasticsearch down
	$(BIN)/python -m infra.rig down

bench: $(STAMP) ## Speed as ratios to the bare libraries in the same run; PART=quiet: only that part
	$(BIN)/python -m bench $(if $(QUICK),--quick) $(addprefix --only ,$(PART))

parity: elastic ## The same queries give the same versions on every engine and by plain reading; FULL=1: a million
	$(BIN)/python -m bench.parity $(if $(FULL),--records 1000000 --queries 2000,--queries 260)
	$(BIN)/python -m infra.elasticsearch down

bench-search: elastic ## Latency and size of searching, embedded and Elasticsearch side by side; RECORDS of them
	$(BIN)/python -m bench.searching --records $(RECORDS)
	$(BIN)/python -m infra.elasticsearch down

language: $(STAMP) ## STRINGS random strings typed as queries: none may do more than be refused
	$(BIN)/python -m bench.language --strings $(STRINGS)

bench-export: $(STAMP) ## Every hit of a search as records in a file: seconds and memory
	$(BIN)/python -m bench.export

golden: $(STAMP) ## Rewrite the golden pairs; review the difference
	GOLDEN=1 $(BIN)/python -m pytest -q tests/connectors -k "golden_pair or reads_as_it"

test-all: check test test-specs test-rig test-elastic ## Every tier

format: $(STAMP) ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Lock the dependencies with hashes; names no package index
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

clean: rig-down elastic-down ## Remove what was installed and made here
	rm -rf $(VENV) .rig .sandbox
