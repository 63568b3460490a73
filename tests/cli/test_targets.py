"""Targets on the command line: registered, listed, and removed."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import boto3
import pytest

from infra.cli import target_settings
from shared.errors import InvalidRequest, NotFound
from shared.rules.input_limits import InputLimits
from shared.rules.target import Target
from shared.store import targets
from shared.wire import targets as wire
from tests.aws.in_memory import STACK


def test_unregistered_targets_are_unknown_after_the_first_one(operate):
    targets.require_known("targets-first", ["flow_other"])
    made = operate("targets", "register", "--tenant", "targets-first", "flow_support", "--kind", "echo")
    assert (made.status, made.out) == (0, "")
    assert made.err.splitlines()[0] == "Registered flow_support (echo) as a target of tenant targets-first."
    targets.require_known("targets-first", ["flow_support"])
    with pytest.raises(NotFound):
        targets.require_known("targets-first", ["flow_other"])


def test_list_is_sorted_by_id_without_duplicates(operate):
    for target in ("flow_b", "agent_a", "flow_b"):
        operate("targets", "register", "--tenant", "targets-list", target, "--kind", "echo")
    listed = json.loads(operate("targets", "list", "--tenant", "targets-list", "--json").out)
    assert [(one["id"], one["kind"]) for one in listed] == [("agent_a", "echo"), ("flow_b", "echo")]
    head, *lines = operate("targets", "list", "--tenant", "targets-list").out.splitlines()
    assert head.split() == ["ID", "KIND", "ALLOWED", "CREATED", "SETTINGS"]
    shown = [[one["id"], one["kind"], "yes", one["createdAt"], "{}"] for one in listed]
    assert [line.split() for line in lines] == shown


def test_settings_are_stored_and_shown(operate):
    prompt = "You sell tea = leaves.\nBe kind."
    words = (
        "--set",
        "model_id=us.amazon.nova-lite-v1:0",
        "--set",
        f"system_prompt={prompt}",
        "--set",
        "max_tokens=500",
    )
    made = operate("targets", "register", "--tenant", "targets-set", "agent_sales", "--kind", "bedrock", *words)
    said = "Registered agent_sales (bedrock) as a target of tenant targets-set."
    assert (made.status, said in made.err.splitlines()) == (0, True)
    given = {"model_id": "us.amazon.nova-lite-v1:0", "system_prompt": prompt, "max_tokens": 500}
    assert [one.settings for one in targets.list_by_tenant("targets-set")] == [given]
    (listed,) = json.loads(operate("targets", "list", "--tenant", "targets-set", "--json").out)
    assert listed["settings"] == given
    _, line = operate("targets", "list", "--tenant", "targets-set").out.splitlines()
    assert line.endswith(json.dumps(given))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "aws_lambda"), "A target of kind aws_lambda needs the setting function_arn."),
        (("--kind", "aws_lambda", "--set", "function_arn=assistant"), "function_arn must be the ARN of a Lambda"),
        (
            ("--kind", "echo", "--set", "text=Hi"),
            "A target of kind echo has no setting text: there are pause_ms, ",
        ),
        (("--kind", "echo", "--set", "text=Hi", "--set", "text=Ho"), "The setting text is given twice."),
    ],
)
def test_invalid_settings_are_refused_before_anything_is_stored(operate, words, said):
    refused = operate("targets", "register", "--tenant", "targets-wrong", "agent_sales", *words)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith(f"Error: {said}")
    assert targets.list_by_tenant("targets-wrong") == []


@pytest.mark.parametrize(
    ("kind", "of_kind"),
    [
        ("echo", {}),
        ("aws_lambda", {"function_arn": "arn:aws:lambda:us-east-1:123456789012:function:assistant"}),
        ("bedrock", {"model_id": "us.amazon.nova-lite-v1:0"}),
    ],
)
def test_every_kind_takes_input_limits(operate, kind, of_kind):
    limits = {"max_input_bytes": 65_536, "max_message_bytes": 16_384, "attachments": 1_000_000, "client_tools": 0}
    words = [word for name, value in (of_kind | limits).items() for word in ("--set", f"{name}={value}")]
    tenant = f"targets-limits-{kind.replace('_', '-')}"
    assert operate("targets", "register", "--tenant", tenant, "flow_a", "--kind", kind, *words).status == 0
    (listed,) = json.loads(operate("targets", "list", "--tenant", tenant, "--json").out)
    assert listed["settings"] == of_kind | limits
    (registered,) = targets.list_by_tenant(tenant)
    assert registered.limits == InputLimits(**limits)
    assert registered.kind_settings == of_kind


def test_http_endpoint_is_for_the_local_stack_only(operate):
    words = ("--kind", "openai", "--set", "base_url=http://127.0.0.1:11434/v1", "--set", "model=llama3.2")
    refused = operate("targets", "register", "--tenant", "targets-http", "flow_a", *words)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("Error: base_url must be an HTTPS URL. HTTP works only on the local stack")
    assert targets.list_by_tenant("targets-http") == []


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (["max_input_bytes=0"], "max_input_bytes must be a whole number from 1 to 1048576."),
        (["max_input_bytes=1048577"], "max_input_bytes must be a whole number from 1 to 1048576."),
        (["max_input_bytes=32k"], "max_input_bytes must be a whole number from 1 to 1048576."),
        (["max_message_bytes=65537"], "max_message_bytes must be a whole number from 1 to 65536."),
        (["attachments=-1"], "attachments must be a whole number from 0 to 4000000."),
        (["attachments=4000001"], "attachments must be a whole number from 0 to 4000000."),
        (["client_tools=65537"], "client_tools must be a whole number from 0 to 65536."),
        (["max_imput_bytes=1"], "A target of kind echo has no setting max_imput_bytes: did you mean max_input_bytes?"),
        (["max_message_bytes=40000"], "max_message_bytes (40000) must not be larger than max_input_bytes (32768)"),
        (
            ["max_message_bytes=2000", "max_input_bytes=1000"],
            "max_message_bytes (2000) must not be larger than max_input_bytes (1000)",
        ),
    ],
)
def test_input_limits_out_of_bounds_are_refused_in_one_sentence(limits, said):
    with pytest.raises(InvalidRequest) as refused:
        target_settings.read("echo", [tuple(limit.split("=")) for limit in limits])
    assert refused.value.message.startswith(said)


def test_a_small_input_limit_needs_no_message_limit():
    assert target_settings.read("echo", [("max_input_bytes", "1000")]) == {"max_input_bytes": 1000}


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:assistant-tea"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:tokens/openai-AbCdEf"
KIND_OF_SETTING = {"function_arn": "aws_lambda", "model_id": "bedrock", "secret_arn": "openai"}
ENDPOINT = ("--set", "base_url=https://api.openai.com/v1", "--set", "model=gpt-5-mini")
MODELS = "arn:aws:bedrock:*::foundation-model/nova,arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.nova"


@pytest.fixture
def stack_with():
    """`stack_with(TargetFunctionPrefix="a")`: the name of a stack with these parameters and the same table.

    None leaves a parameter out.
    """
    cloudformation = boto3.client("cloudformation")

    def stack_with(**parameters):
        prefixes = dict.fromkeys(("TargetFunctionPrefix", "BedrockModelArns", "TargetSecretPrefix"), "")
        given = {"AuditRetentionDays": "1", "ConversationRetentionDays": "1", **prefixes, **parameters}
        declared = {name: {"Type": "String", "Default": value} for name, value in given.items() if value is not None}
        template = {
            "Parameters": declared,
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {name: {"Value": STACK.outputs[name]} for name in ("TableName", "ApiUrl")},
        }
        cloudformation.create_stack(StackName="other", TemplateBody=json.dumps(template))
        return "other"

    yield stack_with
    cloudformation.delete_stack(StackName="other")


@pytest.mark.parametrize(
    ("setting", "parameters", "warned"),
    [
        (f"function_arn={FUNCTION}", {"TargetFunctionPrefix": "assistant-"}, ""),
        (f"function_arn={FUNCTION}:live", {"TargetFunctionPrefix": "assistant-"}, ""),
        (f"function_arn={FUNCTION}", {}, "TargetFunctionPrefix allows nothing."),
        (f"function_arn={FUNCTION}", {"TargetFunctionPrefix": "tea"}, "allows arn:aws*:lambda:us-east-1:123456789012:"),
        (f"function_arn={FUNCTION.replace('us-', 'eu-')}", {"TargetFunctionPrefix": "assistant-"}, ":us-east-1:"),
        (f"function_arn={FUNCTION.replace('12', '21')}", {"TargetFunctionPrefix": "assistant-"}, ":123456789012:"),
        ("model_id=nova", {"BedrockModelArns": MODELS}, ""),
        ("model_id=us.nova", {"BedrockModelArns": MODELS}, ""),
        ("model_id=nova-lite", {"BedrockModelArns": "arn:aws:bedrock:*::foundation-model/nova-*"}, ""),
        ("model_id=arn:aws:bedrock:eu-west-1::foundation-model/nova", {"BedrockModelArns": MODELS}, ""),
        ("model_id=eu.nova", {"BedrockModelArns": MODELS}, f"BedrockModelArns allows {MODELS.replace(',', ', ')}."),
        (
            "model_id=us.nova",
            {"BedrockModelArns": MODELS.partition(",")[2]},
            "us-east-1::foundation-model/nova: the stack",
        ),
        ("model_id=nova", {"TargetFunctionPrefix": "nova"}, "BedrockModelArns allows nothing."),
        (f"secret_arn={SECRET}", {"TargetSecretPrefix": "tokens/"}, ""),
        (f"secret_arn={SECRET}", {}, "TargetSecretPrefix allows nothing."),
        (f"secret_arn={SECRET}", {"TargetSecretPrefix": "other/"}, "allows arn:aws*:secretsmanager:us-east-1:1234567"),
        (f"secret_arn={SECRET.replace('us-', 'eu-')}", {"TargetSecretPrefix": "tokens/"}, ":us-east-1:"),
        # A stack of an earlier version.
        (f"secret_arn={SECRET}", {"TargetSecretPrefix": None}, "TargetSecretPrefix allows nothing."),
    ],
)
def test_warning_for_a_target_that_the_stack_may_not_invoke(operate, stack_with, setting, parameters, warned):
    kind = KIND_OF_SETTING[setting.partition("=")[0]]
    tenant = f"targets-{uuid4()}"
    words = ("targets", "register", "--yes", "--tenant", tenant, "flow_a", "--kind", kind, "--set", setting)
    words += ENDPOINT if kind == "openai" else ()
    stack = stack_with(**parameters)
    made, again = (operate(*words, "--stack", stack) for _ in range(2))
    assert (made.status, again.status) == (0, 0)
    assert f"Registered flow_a ({kind}) as a target of tenant {tenant}." in made.err.splitlines()
    warnings = [line for line in made.err.splitlines() if line.startswith("Warning: ")]
    assert warnings == [line for line in again.err.splitlines() if line.startswith("Warning: ")]
    assert len(warnings) == bool(warned)
    assert warned in "".join(warnings)


def test_list_says_what_owners_see_and_the_settings(operate, stack_with):
    tenant, settings = f"targets-{uuid4()}", {"function_arn": FUNCTION}
    words = ("--tenant", tenant, "--stack")
    at = datetime.now(UTC)
    one = Target(id="flow_a", tenant=tenant, kind="aws_lambda", settings=settings, created_at=at)
    targets.register(one)
    for prefix, permitted, shown in (("assistant-", [f"{FUNCTION}*"], "yes"), ("tea-", [], "no")):
        stack = stack_with(TargetFunctionPrefix=prefix)
        (listed,) = json.loads(operate("targets", "list", "--json", *words, stack).out)
        of_owner = wire.item(targets.get(tenant, "flow_a"), {"aws_lambda": permitted})
        assert listed == {**of_owner, "settings": settings}
        assert operate("targets", "list", *words, stack).out.splitlines()[1].split()[2] == shown
        boto3.client("cloudformation").delete_stack(StackName=stack)


def test_removed_target_is_gone(operate):
    operate("targets", "register", "--tenant", "targets-gone", "flow_support", "--kind", "echo")
    removed = operate("targets", "remove", "--yes", "--tenant", "targets-gone", "flow_support")
    assert removed.status == 0
    assert removed.err.splitlines() == [
        "Target flow_support (echo) of tenant targets-gone will be removed: sessions that use it get no answer.",
        "Its settings: {}",
        "Removed target flow_support of tenant targets-gone.",
    ]
    again = operate("targets", "remove", "--yes", "--tenant", "targets-gone", "flow_support")
    assert (again.status, again.err) == (1, "Error: Tenant targets-gone has no target flow_support.\n")


def test_empty_list_prints_nothing_to_standard_output(operate):
    shown = operate("targets", "list", "--tenant", "targets-none")
    assert (shown.status, shown.out, shown.err) == (0, "", "Tenant targets-none has no registered targets.\n")


def test_a_target_belongs_to_its_tenant(operate):
    operate("targets", "register", "--tenant", "targets-mine", "flow_support", "--kind", "echo")
    assert operate("targets", "remove", "--yes", "--tenant", "targets-theirs", "flow_support").status == 1
    assert operate("targets", "list", "--tenant", "targets-theirs").out == ""
    assert "flow_support" in operate("targets", "list", "--tenant", "targets-mine").out
