"""Clients that common generators make from openapi.json work: they create, list, chat, and read errors."""

import json

from tests.clients.conftest import DOCUMENT

EXPECTED = {
    "created": "Generated",
    "listed": True,
    "hasMore": True,
    "reply": "You said: Hello",
    "invalid": [400, "invalid_request", "allowedOrigins[0]"],
}


def assert_works(printed):
    found = json.loads(printed)
    status, code, error, hint = found.pop("refused")
    assert (status, code) == (403, "origin_not_allowed")
    assert error
    assert hint
    assert found == EXPECTED


def generate(run, generator, *options):
    """Generates with openapi-generator, which reports what it cannot read as an error and continues."""
    said = run("openapi-generator-cli", "generate", "-i", DOCUMENT, "-g", generator, *options)
    assert "ERROR" not in said, said


def test_client_of_openapi_python_client_works(run, program, arguments):
    command = ["openapi-python-client", "generate", "--path", DOCUMENT, "--output-path", "client_tokens"]
    said = run(*command, "--meta", "none", "--fail-on-warning")
    assert "WARNING" not in said, said
    assert_works(run("python", program("openapi_python_client.py"), *arguments))


def test_python_client_of_openapi_generator_works(run, program, arguments):
    generate(run, "python", "--package-name", "client_tokens", "-o", ".")
    assert_works(run("python", program("openapi_generator.py"), *arguments))


def test_typescript_client_of_openapi_generator_works(run, typescript):
    generate(run, "typescript-fetch", "-o", "client")
    assert_works(typescript("typescript_fetch.ts"))


def test_client_of_orval_works(run, typescript, tmp_path):
    output = {"target": "client/index.ts", "client": "fetch"}
    settings = {"api": {"input": str(DOCUMENT), "output": output}}
    (tmp_path / "orval.config.mjs").write_text(f"export default {json.dumps(settings)}")
    run("orval")
    assert_works(typescript("orval.ts"))


def test_models_of_datamodel_codegen_read_every_example(run, program):
    command = ["datamodel-codegen", "--input", DOCUMENT, "--input-file-type", "openapi", "--output", "models.py"]
    run(*command, "--output-model-type", "pydantic_v2.BaseModel", "--formatters", "builtin")
    examples = list(_examples(json.loads(DOCUMENT.read_text(encoding="utf-8"))))
    assert {name for name, _ in examples} >= {"CreateClientToken", "ClientTokenCreated", "Chat", "SessionOpened"}
    run("python", program("read_examples.py"), input=json.dumps(examples))


def _examples(part):
    """Each example of a request or response, with the name of its schema."""
    if isinstance(part, dict):
        match part:
            case {"schema": {"$ref": reference}, "examples": examples}:
                yield from ((reference.rpartition("/")[2], example["value"]) for example in examples.values())
        for inner in part.values():
            yield from _examples(inner)
