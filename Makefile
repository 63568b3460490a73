.DEFAULT_GOAL := help
.PHONY: help install run build sam-local openapi docs test test-artifact test-deep clients coverage format lint secrets scan fuzz check bench lock scale soak mutants clean
SHELL := /bin/sh

PYTHON ?= python3
PORT ?= 3000
VENV ?= .venv
PYTEST := --numprocesses auto --dist worksteal

REQUIREMENTS := infra/requirements
LOCAL := $(VENV)/.local
DEVELOPMENT := $(VENV)/.development
SAM := .venv-sam/bin/sam
SCANNERS := .venv-scan/.made
CLIENTS := .venv-clients/.made

# The artifact for this machine, and Lambda's runtime beside it, in Lambda's own version of Python.
RUNTIME_PYTHON ?= python3.13
RUNTIME := .venv-runtime/.made
BUILT := .local/artifact/.built
BASELINE := .local/bench/fastapi_mangum
TEMPLATES := template.yaml $(wildcard infra/templates/*.yaml)
CODE := $(shell find functions shared -name __pycache__ -prune -o -print)

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

install: $(LOCAL) ## What the local stack and the operator's command line need, in .venv

run: $(LOCAL) $(if $(ARTIFACT),$(BUILT)) ## Serve the API here, AWS in memory (PORT=3000; TARGET=handler.py: it answers; KEEP=1: go on next time; ARTIFACT=1: as built)
	@$(VENV)/bin/python -m infra.local --port $(PORT) $(if $(KEEP),--keep) $(if $(ARTIFACT),--artifact) $(if $(TARGET),--target "$(TARGET)")

build: runtime-python $(SAM) ## Build what goes to Lambda into .aws-sam/build; needs python3.13
	MAKEFLAGS= PATH="$$($(RUNTIME_PYTHON) -c 'import sys; print(sys.base_prefix)')/bin:$$PATH" $(SAM) build

sam-local: runtime-python $(LOCAL) $(SAM) ## Serve the functions in Lambda's containers; needs a container engine, python3.13 (PORT=3000)
	@$(VENV)/bin/python -m infra.local.sam --sam $(SAM) --python $(RUNTIME_PYTHON) --port $(PORT)

openapi: $(LOCAL) ## Write openapi.json from the template and the wire models
	@$(VENV)/bin/python -m infra.tools.openapi

docs: $(LOCAL) ## Write the generated pages: docs/configuration.md and docs/cli.md
	@$(VENV)/bin/python -m infra.tools.docs

# A few tests are faster in one process; of a room, property tests draw few examples. Neither needs generators of clients.
test: $(DEVELOPMENT) $(if $(T),,$(CLIENTS)) ## Every test, or some at once (T=tests/rules, T=path::name)
	$(VENV)/bin/python -m pytest $(or $(T),$(PYTEST)) $(if $(T),$(if $(findstring ::,$(T)),,--hypothesis-profile quick)) $(COVER)

test-artifact: runtime-python $(DEVELOPMENT) $(BUILT) build ## What is built, and the SDK's tests on it; needs python3.13
	$(VENV)/bin/python -m pytest --artifact tests/artifact tests/contract

test-deep: $(DEVELOPMENT) ## Every interleaving of a turn with more functions and faults than make test searches; takes minutes
	$(VENV)/bin/python -m pytest $(PYTEST) --deep tests/turn

clients: $(DEVELOPMENT) $(CLIENTS) ## Generate clients from openapi.json by five generators, and use them
	CI=true $(VENV)/bin/python -m pytest $(PYTEST) tests/clients

coverage: COVER := --cov
coverage: test ## Every test, and how much of functions and shared they cover

format: $(DEVELOPMENT) ## Format the code and sort its imports
	$(VENV)/bin/ruff check --quiet --fix-only --select I
	$(VENV)/bin/ruff format --quiet

lint: $(DEVELOPMENT) $(SAM) ## Style, types, and the template as SAM and CloudFormation read it
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(SAM) validate --lint

secrets: $(DEVELOPMENT) ## Keys and passwords in what git tracks, as pre-commit looks for them
	git ls-files -z | xargs -0 $(VENV)/bin/detect-secrets-hook --baseline .secrets.baseline

scan: $(SCANNERS) ## The templates, by the rules of cfn-lint, its serverless ones, and checkov
	.venv-scan/bin/checkov --config-file infra/checkov.yaml --file $(TEMPLATES)
	.venv-scan/bin/cfn-lint --append-rules cfn_lint_serverless.rules -- $(TEMPLATES)

fuzz: $(DEVELOPMENT) ## More than 2,000 made-up requests to the local stack, held to openapi.json; takes minutes
	$(VENV)/bin/python -m tests.fuzz

check: lint secrets scan coverage fuzz ## All that has to pass before a change lands

bench: runtime-python $(LOCAL) $(BUILT) $(BASELINE)/.built ## Measure the artifact beside baselines, write docs/benchmarks.md; Linux, python3.13 (QUICK=1)
	$(VENV)/bin/python -m infra.tools.bench $(if $(QUICK),--quick)

soak: $(LOCAL) ## Sixteen callers at the local stack for two minutes: nothing lost, memory flat; Linux (SECONDS=120)
	@$(VENV)/bin/python -m infra.tools.soak $(if $(SECONDS),--seconds $(SECONDS))

mutants: $(DEVELOPMENT) ## Draw 300 mutants of the code and the template, and print those that no test kills (SEED=1)
	@$(VENV)/bin/python -m tests.mutants $(if $(SEED),--seed $(SEED)) $(if $(COUNT),--count $(COUNT))

scale: ## Write the tables of docs/scale.md: which limit of AWS a deployment meets first
	@$(PYTHON) -m infra.tools.scale

lock: ## Lock all requirements again; needs uv
	cd $(REQUIREMENTS) && for name in layer authorizer local runtime bench development sam scan clients; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			$$name.in -o $$name.txt; done
	# In infra/requirements/clients, npm's: without addresses, so that any registry may serve it.
	cd $(REQUIREMENTS)/clients && npm install --package-lock-only $(NPM_OPTIONS)

clean: ## Remove what make has made here
	rm -rf .venv* *.egg-info .aws-sam .local .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*

# The SAM CLI sends no usage data to AWS.
$(SAM) build lint sam-local test-artifact: export SAM_CLI_TELEMETRY = 0

# Environments apart: the functions' and the local stack's, with what tests need on top; the SAM CLI, whose boto3 is not
# ours; scanners; and Lambda's runtime, which has nothing that the artifact does not bring. Each list is complete, so that
# nothing has to be resolved: pip of Python 3.11 takes a newer release than the pinned one where one is named with extras.
PIP_INSTALL := pip install --quiet --disable-pip-version-check --require-hashes --no-deps

# The first output that a new user sees: it names each package as it is installed. A pipe hides how pip ended, so the file tells.
# Then `client-tokens`, from this folder: an editable install resolves and downloads nothing.
$(LOCAL): $(REQUIREMENTS)/layer.txt $(REQUIREMENTS)/authorizer.txt $(REQUIREMENTS)/local.txt pyproject.toml
	@rm -f $@
	@echo "Installing into $(VENV) what the local stack runs on. It takes a minute, once:"
	@$(PYTHON) -m venv $(VENV)
	@{ $(VENV)/bin/$(subst --quiet ,,$(PIP_INSTALL)) $(addprefix -r ,$(filter %.txt,$^)) && \
		$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . && touch $@; } \
		| awk '/^Collecting/ { print "  " $$2; fflush() }'
	@test -f $@

$(DEVELOPMENT): $(REQUIREMENTS)/development.txt $(LOCAL)
	$(VENV)/bin/$(PIP_INSTALL) -r $<
	@touch $@

$(SAM): $(REQUIREMENTS)/sam.txt
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/$(PIP_INSTALL) --only-binary :all: -r $<
	@touch $@

$(SCANNERS): $(REQUIREMENTS)/scan.txt
	$(PYTHON) -m venv .venv-scan
	.venv-scan/bin/$(PIP_INSTALL) -r $<
	@touch $@

# The generators of clients, with the Java and the Node.js that they run on. Without a network their tests are skipped.
NPM_OPTIONS := --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error

$(CLIENTS): $(REQUIREMENTS)/clients.txt $(REQUIREMENTS)/clients/package-lock.json
	@{ $(PYTHON) -m venv .venv-clients && .venv-clients/bin/$(PIP_INSTALL) -r $< && \
		cp $(REQUIREMENTS)/clients/package*.json .venv-clients && \
		PATH="$(CURDIR)/.venv-clients/bin:$$PATH" npm ci --prefix .venv-clients $(NPM_OPTIONS) && touch $@; } || \
		echo "The client generators could not be installed; tests/clients will be skipped." >&2

define require_runtime_python
@$(RUNTIME_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || { echo "Code for Lambda is built \
and run by Lambda's version of Python: install python3.13, or say where it is with RUNTIME_PYTHON=/path/to/python3.13." >&2; exit 1; }
endef

# Before anything is installed for what cannot be built then.
.PHONY: runtime-python
runtime-python:
	$(require_runtime_python)

$(RUNTIME): $(REQUIREMENTS)/runtime.txt
	$(require_runtime_python)
	$(RUNTIME_PYTHON) -m venv .venv-runtime
	.venv-runtime/bin/$(PIP_INSTALL) -r $<
	@touch $@

BUILD := $(MAKE) --no-print-directory -f infra/Makefile PYTHON=.venv-runtime/bin/python

$(BUILT): $(CODE) $(REQUIREMENTS)/layer.txt $(REQUIREMENTS)/authorizer.txt infra/Makefile $(RUNTIME)
	$(BUILD) host INTO=$(@D)
	@touch $@

$(BASELINE)/.built: $(wildcard infra/tools/bench/baselines/fastapi_mangum/*.py) $(REQUIREMENTS)/bench.txt infra/Makefile $(RUNTIME)
	rm -rf $(BASELINE)
	$(BUILD) build-fastapi-mangum ARTIFACTS_DIR=$(BASELINE) WHEELS=
	@touch $@
