"""Reads the document's examples from standard input with the models that datamodel-codegen generates."""

import json
import sys

import models

for name, example in json.load(sys.stdin):
    getattr(models, name).model_validate(example)
