.DEFAULT_GOAL := help
.PHONY: help install run build sam-local test lint check lock clean
SHELL := /bin/sh

PYTHON ?= python3
PORT ?= 3000
VENV ?= .venv

REQUIREMENTS := infra/requirements
LOCAL := $(VENV)/.local
DEVELOPMENT := $(VENV)/.development
SAM := .venv-sam/bin/sam

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(LOCAL) ## What the local stack and the operator's command line need, in .venv

run: $(LOCAL) ## Serve the API on this machine, AWS in memory (PORT=3000)
	@$(VENV)/bin/python -m infra.local --port $(PORT)

build: $(SAM) ## Build what goes to Lambda into .aws-sam/build; needs python3.13
	$(SAM) build

sam-local: $(LOCAL) build ## Serve the built functions in Lambda's containers; needs a container engine (PORT=3000)
	@$(VENV)/bin/python -m infra.local.sam --sam $(SAM) --port $(PORT)

test: $(DEVELOPMENT) ## Every test, and how much of functions and shared they cover
	$(VENV)/bin/python -m pytest --numprocesses auto --dist loadfile --cov

lint: $(DEVELOPMENT) ## Style and types (the template is linted by the tests, in both its forms)
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

check: lint test ## All that has to pass before a change lands

lock: ## Pin all requirements anew; needs uv
	cd $(REQUIREMENTS) && for name in layer authorizer local development sam; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			$$name.in -o $$name.txt; done

clean: ## Remove what make has made here
	rm -rf .venv* .aws-sam .local .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*

# Three environments: the functions' and the local stack's, what tests need on top, and the SAM CLI, whose boto3 is not ours.

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
