.DEFAULT_GOAL := help
.PHONY: help run sam-local clean
SHELL := /bin/sh

PYTHON ?= python3
PORT ?= 3000

REQUIREMENTS := infra/requirements
LOCAL := .venv/.local
DEVELOPMENT := .venv/.development
SAM := .venv-sam/bin/sam

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(LOCAL) ## Serve the API on this machine, AWS in memory (PORT=3000)
	@.venv/bin/python -m infra.local --port $(PORT)

sam-local: $(LOCAL) $(SAM) ## Serve the built functions in Lambda's containers; needs a container engine (PORT=3000)
	@.venv/bin/python -m infra.local.sam --sam $(SAM) --port $(PORT)

clean: ## Remove what make has made here
	rm -rf .venv .venv-sam .aws-sam .local .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

# Three environments: the functions' and the local stack's, what tests need on top, and the SAM CLI, whose boto3 is not ours.

$(LOCAL): $(REQUIREMENTS)/layer.txt $(REQUIREMENTS)/authorizer.txt $(REQUIREMENTS)/local.txt
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes $(addprefix -r ,$^)
	@touch $@

$(DEVELOPMENT): $(REQUIREMENTS)/development.txt $(LOCAL)
	.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(SAM): $(REQUIREMENTS)/sam.txt
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@
