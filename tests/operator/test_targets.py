"""Targets from the command line: registered, listed and removed."""

import json

import pytest

from shared.errors import NotFound
from shared.store import targets


def test_from_the_first_target_on_only_registered_ones_are_known(operate):
    targets.require_known("targets-first", ["flow_other"])
    made = operate("targets", "register", "--tenant", "targets-first", "flow_support", "--kind", "echo")
    assert (made.status, made.out) == (0, "")
    assert made.err == "Registered flow_support (echo) as a target of tenant targets-first.\n"
    targets.require_known("targets-first", ["flow_support"])
    with pytest.raises(NotFound):
        targets.require_known("targets-first", ["flow_other"])


def test_a_list_is_by_id_and_each_id_stands_in_it_once(operate):
    for target in ("flow_b", "agent_a", "flow_b"):
        operate("targets", "register", "--tenant", "targets-list", target, "--kind", "echo")
    listed = json.loads(operate("targets", "list", "--tenant", "targets-list", "--json").out)
    assert [(one["id"], one["kind"]) for one in listed] == [("agent_a", "echo"), ("flow_b", "echo")]
    head, *lines = operate("targets", "list", "--tenant", "targets-list").out.splitlines()
    assert head.split() == ["ID", "KIND", "CREATED", "SETTINGS"]
    assert [line.split() for line in lines] == [[one["id"], one["kind"], one["createdAt"], "{}"] for one in listed]


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
    assert (made.status, made.err) == (0, "Registered agent_sales (bedrock) as a target of tenant targets-set.\n")
    settings = {"model_id": "us.amazon.nova-lite-v1:0", "system_prompt": prompt, "max_tokens": 500}
    assert [one.settings for one in targets.of_tenant("targets-set")] == [settings]
    (listed,) = json.loads(operate("targets", "list", "--tenant", "targets-set", "--json").out)
    assert listed["settings"] == settings
    _, line = operate("targets", "list", "--tenant", "targets-set").out.splitlines()
    assert line.endswith(json.dumps(settings))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "aws_lambda"), "A target of kind aws_lambda needs the setting function_arn."),
        (("--kind", "aws_lambda", "--set", "function_arn=assistant"), "function_arn must be the ARN of a Lambda"),
        (("--kind", "echo", "--set", "text=Hi"), "A target of kind echo has no setting text: there are none."),
        (("--kind", "echo", "--set", "text=Hi", "--set", "text=Ho"), "The setting text is given twice."),
    ],
)
def test_settings_that_are_wrong_are_refused_before_anything_is_stored(operate, words, said):
    refused = operate("targets", "register", "--tenant", "targets-wrong", "agent_sales", *words)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith(f"error: {said}")
    assert targets.of_tenant("targets-wrong") == []


def test_a_removed_target_is_gone(operate):
    operate("targets", "register", "--tenant", "targets-gone", "flow_support", "--kind", "echo")
    removed = operate("targets", "remove", "--tenant", "targets-gone", "flow_support")
    assert (removed.status, removed.err) == (0, "Removed target flow_support of tenant targets-gone.\n")
    again = operate("targets", "remove", "--tenant", "targets-gone", "flow_support")
    assert (again.status, again.err) == (1, "error: Tenant targets-gone has no target flow_support.\n")


def test_an_empty_list_is_empty_on_standard_output(operate):
    shown = operate("targets", "list", "--tenant", "targets-none")
    assert (shown.status, shown.out, shown.err) == (0, "", "Tenant targets-none has no registered targets.\n")


def test_a_target_belongs_to_its_tenant(operate):
    operate("targets", "register", "--tenant", "targets-mine", "flow_support", "--kind", "echo")
    assert operate("targets", "remove", "--tenant", "targets-theirs", "flow_support").status == 1
    assert operate("targets", "list", "--tenant", "targets-theirs").out == ""
    assert "flow_support" in operate("targets", "list", "--tenant", "targets-mine").out
