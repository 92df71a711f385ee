# The machine's own Python (3.11 or newer) makes .venv; everything else runs in it.
PYTHON ?= python3
VENV_PYTHON := .venv/bin/python

# Where the demo answers, keeps its data, and how many computers it has.
PORT ?= 8000
DATA_DIR ?= .demo
DEVICES ?= 11000
# Given on to the command behind a target: make test ARGS="-k approval"
ARGS ?=
export PORT DATA_DIR DEVICES

# For checks that read the settings and connect to nothing.
NOWHERE := SECRET_KEY=0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ \
	DATABASE_URL=postgres://127.0.0.1:1/none REDIS_URL=redis://127.0.0.1:1/0
UV_COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset setup setup-dev test lint chaos chaos-bugs bench bench-large screenshots contract messages lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo '  Variables: PORT=8000 DATA_DIR=.demo DEVICES=11000 ARGS="..."'

demo: setup ## the whole portal with a demo municipality; PORT=, DATA_DIR=, DEVICES=; Ctrl-C stops it
	@$(VENV_PYTHON) -m scripts.demo $(ARGS)

demo-reset: setup ## forget the data of the demo in DATA_DIR
	@$(VENV_PYTHON) -m scripts.demo --reset

setup: ## what the portal runs on: .venv, front-end files, message catalogues
	@$(PYTHON) -m scripts.bootstrap

setup-dev: ## the same and what tests and checks need
	@$(PYTHON) -m scripts.bootstrap --dev

test: lint ## all checks and tests, with Chromium; ARGS="-k word" chooses
	@$(PYTHON) -m scripts.chromium
	@$(VENV_PYTHON) -m pytest -n 2 --dist loadgroup $(ARGS)

lint: setup-dev ## format, style, types, import directions, migrations, settings, translations
	@.venv/bin/ruff format --check --quiet --output-format concise .
	@.venv/bin/ruff check --quiet --output-format concise .
	@$(NOWHERE) .venv/bin/mypy --no-error-summary .
	@$(NOWHERE) .venv/bin/lint-imports --no-logo
	@$(NOWHERE) $(VENV_PYTHON) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(NOWHERE) $(VENV_PYTHON) manage.py check --deploy --fail-level WARNING
	@$(VENV_PYTHON) -m scripts.messages check

chaos: setup-dev ## the whole fault programme, an hour or more; writes docs/reliability.md; ARGS="-k redis" chooses
	@$(VENV_PYTHON) -m pytest -p tests.chaos.report tests/chaos --chaos=full -n 3 --dist loadgroup \
		$(if $(ARGS),$(ARGS),--write-table docs/reliability.md)

chaos-bugs: setup-dev ## plant twenty bugs in a copy, one at a time: the fault programme has to catch each; ARGS="--only NAME"
	@$(VENV_PYTHON) -m tests.chaos.bugs $(if $(ARGS),$(ARGS),--write docs/reliability.md)

bench: setup-dev ## measure against the limits, for 11,000 and 110,000 computers; ARGS="--write docs/performance.md"
	@$(VENV_PYTHON) -m bench $(ARGS)

bench-large: setup-dev ## the same up to 1,100,000 computers, and 3,000 writes: up to an hour, 12 GB of disk; ARGS as for bench
	@status=0; \
	$(VENV_PYTHON) -m bench --name bench-large --no-pages --slow-up-to 0 \
		--sizes 11000:66000:3 110000:660000:3 1100000:6600000:1 $(ARGS) || status=1; \
	$(VENV_PYTHON) -m bench --name bench-writes --writes 3000 $(ARGS) || status=1; \
	exit $$status

screenshots: setup-dev ## pictures of every page of the running demo, to DATA_DIR/screenshots
	@$(PYTHON) -m scripts.chromium
	@$(VENV_PYTHON) -m scripts.screenshots $(ARGS)

contract: setup-dev ## drive the Graph sandbox with Microsoft's own SDK, in an environment of its own (472 MB)
	@$(VENV_PYTHON) -m scripts.contract $(ARGS)

messages: setup-dev ## bring new sentences into locale/ and compile the catalogues
	@$(VENV_PYTHON) -m scripts.messages extract
	@$(VENV_PYTHON) -m scripts.messages compile

lock: setup-dev ## pin the dependencies anew; ARGS=--upgrade takes the newest allowed
	@$(UV_COMPILE) $(ARGS) requirements.in -o requirements.txt
	@$(UV_COMPILE) $(ARGS) requirements-dev.in -c requirements.txt -o requirements-dev.txt
	@npm install --package-lock-only

clean: ## remove everything the set-up made; the demo's data stays
	@rm -rf .venv .cache node_modules static/vendor staticfiles locale/.stamp
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	@find locale -name '*.mo' -delete
