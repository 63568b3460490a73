.DEFAULT_GOAL := help
.PHONY: help install run build sam-local openapi test coverage lint fuzz check bench lock scale clean
SHELL := /bin/sh

PYTHON ?= python3
PORT ?= 3000
VENV ?= .venv
PYTEST := --numprocesses auto --dist worksteal

REQUIREMENTS := infra/requirements
LOCAL := $(VENV)/.local
DEVELOPMENT := $(VENV)/.development
SAM := .venv-sam/bin/sam

# The artifact for this machine, and Lambda's runtime beside it, in Lambda's own version of Python.
RUNTIME_PYTHON ?= python3.13
RUNTIME := .venv-runtime/.made
ARTIFACT := .local/artifact
RIVAL := .local/bench/usual
CODE := $(shell find functions shared -name __pycache__ -prune -o -print)

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(LOCAL) ## What the local stack and the operator's command line need, in .venv

run: $(LOCAL) ## Serve the API on this machine, AWS in memory (PORT=3000)
	@$(VENV)/bin/python -m infra.local --port $(PORT)

build: $(SAM) ## Build what goes to Lambda into .aws-sam/build; needs python3.13
	$(SAM) build

sam-local: $(LOCAL) build ## Serve the built functions in Lambda's containers; needs a container engine (PORT=3000)
	@$(VENV)/bin/python -m infra.local.sam --sam $(SAM) --port $(PORT)

openapi: $(LOCAL) ## Write openapi.json from the template and the wire models
	@$(VENV)/bin/python -m infra.openapi

test: $(DEVELOPMENT) ## Every test
	$(VENV)/bin/python -m pytest $(PYTEST)

coverage: PYTEST += --cov
coverage: test ## Every test, and how much of functions and shared they cover

lint: $(DEVELOPMENT) ## Style and types (the template is linted by the tests, in both its forms)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

fuzz: $(DEVELOPMENT) ## More than 2,000 made-up requests to the local stack, held to openapi.json; takes minutes
	$(VENV)/bin/python -m tests.fuzz

check: lint coverage fuzz ## All that has to pass before a change lands

bench: $(LOCAL) $(ARTIFACT)/.built $(RIVAL)/.built ## Measure the artifact beside rivals, write docs/benchmarks.md; Linux, python3.13 (QUICK=1)
	$(VENV)/bin/python -m infra.bench $(if $(QUICK),--quick)

scale: ## Simulate what a deployment stands, and write the tables of docs/scale.md
	@$(PYTHON) -m infra.scale

lock: ## Pin all requirements anew; needs uv
	cd $(REQUIREMENTS) && for name in layer authorizer local runtime bench development sam; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			$$name.in -o $$name.txt; done

clean: ## Remove what make has made here
	rm -rf .venv* .aws-sam .local .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*

# Environments apart: the functions' and the local stack's, with what tests need on top; the SAM CLI, whose boto3 is not
# ours; and Lambda's runtime, which has nothing that the artifact does not bring.

$(LOCAL): $(REQUIREMENTS)/layer.txt $(REQUIREMENTS)/authorizer.txt $(REQUIREMENTS)/local.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes $(addprefix -r ,$^)
	@touch $@

$(DEVELOPMENT): $(REQUIREMENTS)/development.txt $(LOCAL)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(SAM): $(REQUIREMENTS)/sam.txt
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(RUNTIME): $(REQUIREMENTS)/runtime.txt
	$(RUNTIME_PYTHON) -m venv .venv-runtime
	.venv-runtime/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

BUILD := $(MAKE) --no-print-directory -f infra/Makefile PYTHON=.venv-runtime/bin/python

$(ARTIFACT)/.built: $(CODE) $(REQUIREMENTS)/layer.txt $(REQUIREMENTS)/authorizer.txt infra/Makefile $(RUNTIME)
	$(BUILD) host INTO=$(ARTIFACT)
	@touch $@

$(RIVAL)/.built: $(wildcard infra/bench/rivals/usual/*.py) $(REQUIREMENTS)/bench.txt infra/Makefile $(RUNTIME)
	rm -rf $(RIVAL)
	$(BUILD) build-usual ARTIFACTS_DIR=$(RIVAL) WHEELS=
	@touch $@
