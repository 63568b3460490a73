"""The signing key is rotated as docs/operate.md says: the old key reveals its values, and the new one signs."""

import contextlib

import boto3
import pytest

from infra.local import access, openapi
from infra.local import template as sam
from infra.local.api import Api
from shared.store import client_tokens
from tests.aws.in_memory import STACK
from tests.aws.network import NETWORK
from tests.functions.conftest import ACCOUNT, Functions, Management
from tests.functions.page import Page
from tests.iam.guard import Guard
from tests.iam.role import Access, decide, resolve, role_of

OWN = STACK.outputs["SigningKeyArn"]
VALUES = {
    "Table.Arn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{STACK.outputs['TableName']}",
    "SigningKey.Arn": OWN,
}
SIGNERS = ("CreateClientToken", "RegenerateClientToken", "GetClientTokenValue")


def make_key():
    """Step 1."""
    kms = boto3.client("kms", region_name=access.REGION)
    return kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["Arn"]


def key_of(template, function):
    """The signing key in the function's environment."""
    written = template["Resources"][function]["Properties"]["Environment"]["Variables"]["SIGNING_KEY_ARN"]
    condition, named, own = written["Fn::If"]
    parameters = {name: str(one["Default"]) for name, one in template["Parameters"].items()}
    return resolve(named if sam.holds(template, condition) else own, VALUES | parameters)


class Deployment(Management):
    """A tenant's API in a stack with these parameters, with each function under its role."""

    def __init__(self, api, template, guard):
        functions = Functions(guard)
        routes = openapi.read_routes(template)
        app = Api(routes, functions.invoke, functions.stream, log=lambda _: None, timeout=600)
        super().__init__(app, api.tenant, api.credential)
        self.page = Page(app)
        self.refused = guard.refused

    def reveal(self, token_id):
        return self.get(f"/v1/client-tokens/{token_id}/token")

    def signed_by(self, token_id):
        token, _ = client_tokens.get(self.tenant, token_id)
        return token.issued_value.key_arn


@pytest.fixture
def deploy(api, monkeypatch):
    """`deploy(SigningKeyArn=...)`: step 2."""
    with contextlib.ExitStack() as until_the_end:

        def deploy(**parameters):
            template = sam.translate(sam.read(), parameters)
            (key,) = {key_of(template, function) for function in SIGNERS}
            monkeypatch.setenv("SIGNING_KEY_ARN", key)
            guard = Guard(template, VALUES)
            until_the_end.enter_context(NETWORK.hooked(guard.authorize))
            return Deployment(api, template, guard)

        yield deploy


def test_existing_values_work_after_a_key_rotation(api, deploy, register):
    register("flow_echo")
    before = api.create(flowIds=["flow_echo"])
    old, new = before["clientToken"]["id"], make_key()
    rotated = deploy(SigningKeyArn=new)
    assert rotated.reveal(old).json["token"] == before["token"]
    assert rotated.page.init(before["token"]).status_code == 200
    assert rotated.signed_by(old) == OWN


def test_new_values_are_signed_and_revealed_with_the_new_key(api, deploy, register):
    register("flow_echo")
    before = api.create(flowIds=["flow_echo"])
    old, new = before["clientToken"]["id"], make_key()
    rotated = deploy(SigningKeyArn=new)
    created = rotated.create(flowIds=["flow_echo"])
    assert rotated.signed_by(created["clientToken"]["id"]) == new
    assert rotated.reveal(created["clientToken"]["id"]).json["token"] == created["token"]
    again = rotated.post(f"/v1/client-tokens/{old}/regenerate", {"gracePeriodSeconds": 3600}).json["token"]
    assert rotated.signed_by(old) == new
    assert rotated.reveal(old).json["token"] == again != before["token"]
    # Pages with the old value keep working for the grace period.
    assert [rotated.page.init(value).status_code for value in (before["token"], again)] == [200, 200]


def test_values_of_both_retired_keys_can_be_revealed(deploy):
    first, second = make_key(), make_key()
    values = {}
    for parameters in ({}, {"SigningKeyArn": first}, {"SigningKeyArn": second, "RetiredSigningKeyArns": first}):
        deployed = deploy(**parameters)
        created = deployed.create()
        values[created["clientToken"]["id"]] = created["token"]
    assert [deployed.signed_by(token_id) for token_id in values] == [OWN, first, second]
    assert [deployed.reveal(token_id).json["token"] for token_id in values] == list(values.values())
    assert deployed.refused == []


def test_idempotent_retry_works_after_a_key_rotation(deploy):
    """The key that signed the first response signs again."""
    first, second = make_key(), make_key()
    before, parameters = deploy(SigningKeyArn=first), {"SigningKeyArn": second, "RetiredSigningKeyArns": first}
    path = f"/v1/client-tokens/{before.create()['clientToken']['id']}/regenerate"
    asked = [("/v1/client-tokens", {"name": "Shop", "allowedOrigins": ["https://a.example"]}), (path, {})]
    sent = [before.post(path, body, **{"Idempotency-Key": "once"}) for path, body in asked]
    rotated = deploy(**parameters)
    again = [rotated.post(path, body, **{"Idempotency-Key": "once"}) for path, body in asked]
    assert [(answer.status_code, answer.data) for answer in again] == [(one.status_code, one.data) for one in sent]
    assert [answer.status_code for answer in again] == [201, 200]
    assert rotated.refused == []


def test_reveal_fails_with_an_unlisted_retired_key(deploy, output):
    first, second = make_key(), make_key()
    token_id = deploy(SigningKeyArn=first).create()["clientToken"]["id"]
    forgetful = deploy(SigningKeyArn=second)
    assert forgetful.reveal(token_id).status_code == 503
    assert "AccessDeniedException" in output()
    assert [first in denial for denial in forgetful.refused] == [True]


def test_disabled_key_ends_only_the_reveal_of_values(api, deploy, register, aws_answers):
    register("flow_echo")
    before = api.create(flowIds=["flow_echo"])
    rotated = deploy(SigningKeyArn=make_key())
    with aws_answers("GenerateMac", "DisabledException"):
        assert rotated.reveal(before["clientToken"]["id"]).json["code"] == "value_unavailable"
        assert rotated.page.init(before["token"]).status_code == 200


@pytest.mark.parametrize("function", SIGNERS)
def test_role_may_use_only_the_current_and_listed_retired_keys(function):
    first, second, other = (f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{name}" for name in ("first", "second", "other"))
    template = sam.translate(sam.read(), {"SigningKeyArn": second, "RetiredSigningKeyArns": first})
    role = role_of(template, function, VALUES)
    allowed = [decide(role, Access("kms:GenerateMac", key)).allowed for key in (second, OWN, first, other)]
    assert allowed == [True, True, True, False]
