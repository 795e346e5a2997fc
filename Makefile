# Everything a person does with this tree, one word each. `make help` lists the words.
# Each target installs what it needs first: `make demo` and `make test` work on a fresh Debian machine.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Debian keeps nginx where only root's PATH looks.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin

PYTHON := .venv/bin/python
SOURCES := src tests scripts $(wildcard bench)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: setup-run ## play the founding case on this machine: an order, denials at a real nginx, and the way back
	$(PYTHON) -m countermand drill

.PHONY: test
test: check tests ## everything that must hold before a change lands: check, then the tests

.PHONY: tests
tests: setup-dev  # three at a time on two cores: tests of real servers mostly wait
	$(PYTHON) -m pytest -n 3

.PHONY: chaos
chaos: setup-dev ## break everything around a gate once, fifty phones asking throughout, and print what they were told
	CHAOS_PHONES=50 $(PYTHON) -m pytest -s tests/live/test_chaos.py

.PHONY: check
check: setup-dev ## format, lint, types, import contracts, migrations, generated docs and translations, without changing anything
	.venv/bin/ruff format --check $(SOURCES)
	.venv/bin/ruff check $(SOURCES)
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PYTHON) scripts/migrations.py --check
	$(PYTHON) scripts/docs.py --check
	$(PYTHON) scripts/words.py --check

.PHONY: format
format: setup-dev ## bring sources into the one format
	.venv/bin/ruff format $(SOURCES)
	.venv/bin/ruff check --fix $(SOURCES)

.PHONY: docs
docs: setup-dev ## write the generated pages of docs/ anew
	$(PYTHON) scripts/docs.py

.PHONY: screenshots
screenshots: setup-dev ## take a picture of every screen of the console, in both themes, into docs/pictures
	$(PYTHON) -m pytest tests/stories/pictures.py

.PHONY: words
words: setup-dev ## bring the catalogues of translations up to what the program says
	$(PYTHON) scripts/words.py

.PHONY: migrations
migrations: setup-dev ## write the migration that a change of the tables calls for
	$(PYTHON) scripts/migrations.py

.PHONY: lock
lock: setup-dev ## resolve requirements/*.in into hashed locks
	scripts/lock

.PHONY: clean
clean: ## remove what building and testing left behind, the virtual environment included
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: bench-gate
bench-gate: setup-bench ## measure a gate beside its peers at 1.1 million devices, and a rescission of 300,000 denials; writes docs/performance.md (BENCH="--devices 11000 --people 8400 --denied 3000 --rounds 1")
	$(PYTHON) bench/gate.py $(or $(BENCH),--write)

.PHONY: bench-console
bench-console: setup-bench setup-dev ## measure the console: the preview while somebody types, and how soon pages are drawn on a CPU four times slower (BENCH="--devices 11000 66000")
	$(PYTHON) bench/console.py --write $(BENCH)
	$(PYTHON) -m pytest -s tests/stories/first_render.py

.PHONY: bench-notices
bench-notices: setup-bench ## measure 840,000 notices in nine languages handed to smtp-sink, beside smtp-source (BENCH="--people 50000")
	$(PYTHON) bench/notices.py --write $(BENCH)

.PHONY: bench-ingest
bench-ingest: setup-dev ## measure reading every source beside json.loads and plistlib, and reports stored on PostgreSQL (BENCH="--devices 11000")
	$(PYTHON) bench/ingest.py --write $(BENCH)

.PHONY: bench-sync
bench-sync: setup-dev ## measure bringing in 100,000 devices of an Intune of our own that says "later", killed twice on the way (BENCH="--devices 10000")
	$(PYTHON) bench/sync.py --write $(BENCH)

.PHONY: bench-scim
bench-scim: setup-dev ## measure provisioning over SCIM beside 100,000 people (BENCH="--people 500 --known 1000")
	$(PYTHON) bench/scim.py --write $(BENCH)

.PHONY: bench-signals
bench-signals: setup-bench ## measure Shared Signals of 100,000 devices made, signed and pushed, beside signing alone (BENCH="--devices 10000")
	$(PYTHON) bench/signals.py --write $(BENCH)

.PHONY: bench-levers
bench-levers: setup-bench ## measure writing to 840,000 devices of an Entra of our own, and how soon a rescission of 300,000 is felt there (BENCH="--devices 84000")
	$(PYTHON) bench/levers.py --write $(BENCH)

.PHONY: setup-run setup-dev setup-bench
setup-run:
	@scripts/setup run
setup-dev:
	@scripts/setup dev
setup-bench:
	@scripts/setup bench

.PHONY: bench-fleet
bench-fleet: setup-dev ## measure the fleet: load, preview, issue, reports; SQLite, PostgreSQL, DuckDB (BENCH="--devices 110000")
	$(PYTHON) bench/fleet.py $(BENCH)
