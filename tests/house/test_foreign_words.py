"""Law 2: each external vocabulary has one home, so that an external change affects one file of ours."""

import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.house.code import ROOT, Module, modules

# Third-party package -> the only modules or rooms that import it.
PACKAGES = {
    "aws_lambda_powertools": {"shared.log"},
    "jwt": {"shared.credentials", "shared.signer"},
    "publicsuffixlist": {"shared.public_suffixes"},
    # Operators write a target's settings, and foreign code writes its answer: both are as untrusted as a body.
    "pydantic": {"shared.targets", "shared.wire"},
    "pydantic_core": {"shared.targets", "shared.wire"},
}
SERVICES = {
    "bedrock-runtime": "shared.targets.bedrock",
    "dynamodb": "shared.store.table",
    "kms": "shared.signer",
    "lambda": "shared.targets.aws_lambda",
    "secretsmanager": "shared.aws.secret",
}
ENVIRONMENT = {
    "shared.aws.client": {"AWS_ENDPOINT_URL", "AWS_REGION", "_X_AMZN_TRACE_ID"},
    "shared.aws.credentials": {
        "AWS_ACCESS_KEY_ID",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    },
    "shared.gateway.client_address": {"CLIENT_ADDRESS_HEADER", "PROXY_SECRET_DIGESTS"},
    "shared.credentials": {"CLERK_AUTHORIZED_PARTIES", "CLERK_ISSUER", "CLERK_ROLE_SCOPES"},
    "shared.gateway.request": {"AWS_SAM_LOCAL"},
    "shared.http.endpoint": {"LOOPBACK_TARGETS"},
    "shared.management_admission": {"MANAGEMENT_LISTS_PER_MINUTE", "MANAGEMENT_WRITES_PER_MINUTE"},
    "shared.permitted_targets": {"PERMITTED_ENDPOINT_KEYS", "PERMITTED_FUNCTIONS", "PERMITTED_MODELS"},
    "shared.runtime.__main__": {
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_SAM_LOCAL",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    },
    "shared.signer": {"SIGNING_KEY_ARN", "TOKEN_ISSUER"},
    "shared.store.audit": {"AUDIT_RETENTION_DAYS"},
    "shared.store.conversations": {"CONVERSATION_RETENTION_DAYS"},
    "shared.store.table": {"TABLE_NAME"},
    "shared.store.tallied_batches": {"TALLY_RETENTION_DAYS"},
    "shared.store.token_creation": {"TOKENS_PER_TENANT"},
}
# A header by its shape (Retry-After, x-api-key), or one of the common headers of a single word.
HEADER = (
    r"[A-Z][A-Za-z]*(-[A-Z][A-Za-z]*)+|(x|content|access-control|sec-fetch|if|cache|retry|user)-[a-z-]+"
    r"|Accept|Authorization|Cookie|Host|Origin|Referer|Vary|Via"
)
# Kind -> the pattern of such a word, where it can appear, and the only modules that may use it.
WORDS = {
    "HTTP": (
        re.compile(f"statusCode|{HEADER}"),
        Module.texts,
        # Requests to AWS and our responses are JSON.
        {
            "shared.aws",
            "shared.credentials",
            "shared.gateway",
            "shared.runtime",
            "shared.targets.aws_lambda",
            "shared.targets.bedrock",
            "shared.targets.openai",
        },
    ),
    "camelCase": (
        re.compile(r"[a-z][a-z0-9]*([A-Z][a-z0-9]*)+"),
        Module.words,
        # Each kind of target uses the vocabulary of its service.
        {
            "shared.gateway",
            "shared.runtime",
            "shared.subscription",
            "shared.targets",
            "shared.wire",
        },
    ),
    "keys and expressions of DynamoDB": (
        re.compile(
            r"(listing_)?[ps]k|\w+Expression|ExpressionAttribute\w+|[A-Z]+#.*|.*\b(begins_with|attribute_\w+)\(.*"
        ),
        Module.words,
        {"shared.store"},
    ),
    "KMS": (re.compile(r".*\bkms\b.*|_?kms|KMS\w+", re.IGNORECASE), Module.words, {"shared.signer"}),
}


def _is_at_home(name, homes):
    return any(name == home or name.startswith(f"{home}.") for home in homes)


@pytest.mark.parametrize("kind", WORDS)
def test_foreign_words_appear_only_in_their_home(kind):
    pattern, places, homes = WORDS[kind]
    spoken = [
        (module, word, line)
        for module in modules("functions", "shared")
        for word, line in places(module)
        if pattern.fullmatch(word)
    ]
    abroad = [f"{module.at(line)} {word}" for module, word, line in spoken if not _is_at_home(module.name, homes)]
    assert abroad == []
    # A pattern that finds nothing in its home would find nothing elsewhere.
    assert spoken


def test_each_package_is_imported_by_its_own_adapter():
    found = {}
    for module in modules("functions", "shared"):
        for name, _line in module.imports():
            package = name.split(".")[0]
            if package != "shared" and package not in sys.stdlib_module_names:
                found.setdefault(package, set()).add(module.name)
    strangers = {
        f"{name} imports {package}"
        for package, names in found.items()
        for name in names
        if not _is_at_home(name, PACKAGES.get(package, set()))
    }
    assert strangers == set()
    assert found.keys() == PACKAGES.keys()


def test_layers_ship_what_is_imported():
    distributions = packages_distributions()
    imported = {distributions[package][0].lower().replace("_", "-") for package in PACKAGES}
    requirements = [ROOT / "infra" / "requirements" / f"{layer}.in" for layer in ("layer", "authorizer")]
    shipped = {line.split("~")[0] for path in requirements for line in path.read_text(encoding="utf-8").splitlines()}
    shipped = {name for name in shipped if re.fullmatch(r"[a-z-]+", name)}
    # pydantic depends on its own core; PyJWT imports cryptography by itself; the build reads certifi's certificates.
    assert shipped == imported - {"pydantic-core"} | {"cryptography", "certifi"}


def test_each_aws_service_has_one_client_in_its_own_adapter():
    found = [
        (node.args[0].value, module.name)
        for module in modules("functions", "shared")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Client", "JsonClient", "StreamClient"}
        if isinstance(node.args[0], ast.Constant)
    ]
    assert sorted(found) == sorted(SERVICES.items())


def test_settings_are_read_and_clients_made_on_first_use():
    """So tests and tools import in any order, and a call that needs neither does not pay for them."""
    wrong = [
        f"{module.at(node.lineno)} {ast.unparse(node)}"
        for module in modules("functions", "shared")
        for node in _reads_at_import(module.tree)
    ]
    assert wrong == []


def _reads_at_import(tree):
    for node in _at_import(tree):
        match node:
            case ast.Attribute(attr="environ" | "getenv"):
                yield node
            case ast.Call(func=ast.Name(name)) if name.endswith("Client"):
                yield node


def _at_import(node):
    """What importing a module executes: everything but the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.Lambda):
            first = [*child.args.defaults, *child.args.kw_defaults, *getattr(child, "decorator_list", [])]
            yield from (part for one in filter(None, first) for part in ast.walk(one))
        else:
            yield child
            yield from _at_import(child)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("KEY = os.environ['KEY']", 1),
        ("class A:\n    key = os.environ.get('KEY')", 1),
        ("def f(key=os.getenv('KEY')): pass", 1),
        ("kms = JsonClient('kms')", 1),
        ("if True:\n    kms = Client(os.environ['AWS_REGION'])", 2),
        ("def f():\n    return os.environ['KEY'], JsonClient('kms')", 0),
        ("f = lambda: os.environ['KEY']", 0),
    ],
)
def test_first_use_law_finds_what_an_import_executes(code, found):
    assert len(list(_reads_at_import(ast.parse(code)))) == found


def test_each_environment_variable_is_read_by_its_own_adapter():
    found = {}
    for module in modules("functions", "shared"):
        for name, line in module.variables():
            assert name is not None, f"{module.at(line)} hides which variable it reads"
            found.setdefault(module.name, set()).add(name)
    assert found == ENVIRONMENT
