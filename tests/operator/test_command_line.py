"""The words of a command: what is accepted, how the rest is refused, and help that tells the truth."""

import re
import shlex
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from infra.operator import command_line, settings
from shared.rules.principal import SCOPES
from shared.rules.target import KINDS
from shared.targets import answering
from shared.wire.token_settings import Id

COMMANDS = [
    ("keys", "create"),
    ("keys", "list"),
    ("keys", "revoke"),
    ("targets", "register"),
    ("targets", "list"),
    ("targets", "remove"),
    ("tokens", "list"),
    ("tenants", "list"),
    ("tenants", "revoke"),
    ("conversations", "delete"),
    ("audit",),
]
CREATE = ("keys", "create", "--stack", "s", "--tenant", "acme", "--name", "CI")
AUDIT = ("audit", "--stack", "s", "--tenant", "acme")
REGISTER = ("targets", "register", "--stack", "s", "--tenant", "acme", "flow_a", "--kind", "echo")
KEY_ID = "key_01kav7t0d3p9s8x2m4n6q8r0vw"


def _replaced(option, value):
    words = list(CREATE)
    words[words.index(option) + 1] = value
    return words


@pytest.mark.parametrize("level", [(), *((noun,) for noun, *_ in COMMANDS), *COMMANDS], ids=" ".join)
class TestHelp:
    def test_fits_a_terminal(self, run, level, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        shown = run(*level, "--help")
        assert (shown.status, shown.err) == (0, "")
        assert [line for line in shown.out.splitlines() if len(line) > 80] == []

    def test_has_examples_that_are_commands(self, run, level):
        _, examples = run(*level, "--help").out.split("examples:\n")
        lines = re.findall(r"python -m infra\.operator (.*?)(?=[|)\n])", examples.replace("\\\n", ""))
        assert lines
        for line in lines:
            arguments = command_line.read(shlex.split(line))
            assert (arguments.noun, arguments.verb)[: len(level)] == level


def test_help_shows_each_kind_of_target_with_settings_that_it_takes(run):
    shown = run("targets", "register", "--help").out.replace("\\\n", "")
    examples = re.findall(r"python -m infra\.operator (.*)\n", shown.partition("examples:")[2])
    arguments = [command_line.read(shlex.split(example)) for example in examples]
    assert [one.kind for one in arguments] == list(KINDS)
    for one in arguments:
        assert settings.read(one.kind, one.settings).keys() == {name for name, _ in one.settings}
        known = answering.load(one.kind).Settings.model_fields
        assert [name for name in known if not re.search(rf"^ +{name}  ", shown, re.MULTILINE)] == []


@pytest.mark.parametrize("words", [(), *((noun,) for noun, *verb in COMMANDS if verb)], ids=" ".join)
def test_half_a_command_is_answered_with_help(run, words):
    answered = run(*words)
    assert (answered.status, answered.out, answered.err) == (2, "", run(*words, "--help").out)


@pytest.mark.parametrize("command", ["keys list", "audit"])
def test_whoever_does_not_say_where_sees_how_that_command_goes(run, command):
    refused = run(*command.split(), "--tenant", "acme")
    assert refused.err.startswith(f"usage: python -m infra.operator {command} [-h] --tenant TENANT [--stack NAME]")
    assert refused.err.splitlines()[-1].startswith(f"python -m infra.operator {command}: error: say where: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("keys", "make"), "invalid choice: 'make'"),
        (("keys", "list", "--tenant", "acme"), "say where: --stack NAME for a stack in AWS, or --local"),
        (("keys", "list", "--tenant", "acme", "--stack", ""), "say where:"),
        (("keys", "list", "--tenant", "acme", "--local", "--stack", "s"), "--local stands alone"),
        (("keys", "list", "--tenant", "acme", "--local", "--profile", "p"), "--local stands alone"),
        (("keys", "list", "--tenant", "acme", "--local", "--region", "r"), "--local stands alone"),
        (("keys", "list", "--stack", "s"), "arguments are required: --tenant"),
        (("keys", "list", "--stack", "s", "--ten", "acme"), "arguments are required: --tenant"),
        (_replaced("--tenant", ""), "a tenant is 1 to 128 characters"),
        (_replaced("--tenant", "a" * 129), "a tenant is 1 to 128 characters"),
        (_replaced("--tenant", "ac me"), "a tenant is"),
        (_replaced("--tenant", "ac\tme"), "a tenant is"),
        (_replaced("--tenant", "acme#x"), "a tenant is"),
        (_replaced("--name", " "), "a name is 1 to 255 characters"),
        (_replaced("--name", "a" * 256), "a name is 1 to 255 characters"),
        (_replaced("--name", "a\x1b[2J"), "a name is"),
        ((*CREATE, "--scopes", "tokens:raed"), "there is no scope 'tokens:raed': did you mean tokens:read?"),
        ((*CREATE, "--scopes", "admin"), "there are tokens:read, tokens:write, tokens:reveal"),
        ((*CREATE, "--scopes", "tokens:read,"), "there is no scope ''"),
        ((*CREATE, "--expires-in-days", "0"), "days are a whole number from 1 to 3650"),
        ((*CREATE, "--expires-in-days", "3651"), "days are a whole number"),
        ((*CREATE, "--expires-in-days", "1.5"), "days are a whole number"),
        ((*CREATE, "--expires-in-days=-1"), "days are a whole number"),
        (("keys", "revoke", "--stack", "s", "--tenant", "acme", "CI"), "that is no key's id"),
        (("targets", "register", "--stack", "s", "--tenant", "acme", "flow_a"), "arguments are required: --kind"),
        (("targets", "register", "--stack", "s", "--tenant", "acme", "f", "--kind", "ehco"), "invalid choice: 'ehco'"),
        ((*REGISTER, "--set", "max_tokens"), "a setting is a name, an equals sign and a value, such as max_tokens=500"),
        ((*REGISTER, "--set", "=500"), "a setting is a name"),
        (("targets", "remove", "--stack", "s", "--tenant", "acme", "flow a"), "a target's id is 1 to 128 characters"),
        (("audit", "--stack", "s"), "arguments are required: --tenant"),
        ((*AUDIT, "--token", KEY_ID), "that is no client token's id: those start with ct_"),
        ((*AUDIT, "--since", "yesterday"), "a time is a day, such as 2027-01-31, or has its offset"),
        ((*AUDIT, "--until", "2027-01-31T08:00"), "a time is a day, such as 2027-01-31, or has its offset"),
    ],
)
def test_what_is_no_command_is_refused_in_a_sentence(run, words, said):
    refused = run(*words)
    assert (refused.status, refused.out) == (2, "")
    assert said in refused.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "argument", "value"),
    [
        (_replaced("--tenant", "a" * 128), "tenant", "a" * 128),
        (_replaced("--tenant", "org_2abc"), "tenant", "org_2abc"),
        (_replaced("--name", " Ada's laptop "), "name", "Ada's laptop"),
        (CREATE, "scopes", ("tokens:read", "tokens:write")),
        ((*CREATE, "--scopes", "tokens:reveal,tokens:read,tokens:write"), "scopes", SCOPES),
        (CREATE, "expires_in_days", None),
        ((*CREATE, "--expires-in-days", "1"), "expires_in_days", 1),
        ((*CREATE, "--expires-in-days", "3650"), "expires_in_days", 3650),
        (("keys", "revoke", "--local", "--tenant", "acme", KEY_ID), "id", KEY_ID),
        (REGISTER, "settings", []),
        ((*REGISTER, "--set", "a=1=2", "--set", "b="), "settings", [("a", "1=2"), ("b", "")]),
        (AUDIT, "since", None),
        ((*AUDIT, "--since", "2027-01-31"), "since", datetime(2027, 1, 31, tzinfo=UTC)),
        ((*AUDIT, "--until", "2027-01-31T09:00+01:00"), "until", datetime(2027, 1, 31, 8, tzinfo=UTC)),
    ],
)
def test_what_a_command_may_hold(words, argument, value):
    assert getattr(command_line.read(words), argument) == value


@pytest.mark.parametrize("target", ["flow_a", "é", "a#b", "a" * 128, "a" * 129, "", "a b", "a\n", "a\u00a0b", "\udc80"])
def test_a_target_may_be_called_what_a_token_can_name(target):
    words = ("targets", "remove", "--local", "--tenant", "acme", target)
    try:
        TypeAdapter(Id).validate_python(target)
    except ValidationError:
        with pytest.raises(SystemExit):
            command_line.read(words)
    else:
        assert command_line.read(words).id == target
