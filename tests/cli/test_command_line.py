"""The command line: accepted arguments, errors for others, and correct help."""

import re
import shlex
import tomllib
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError
from typer import BadParameter
from typer.main import get_command

from infra.cli import target_settings
from infra.cli.app import app
from infra.local.template import ROOT
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
SHOW = ("conversations", "show", "--stack", "s", "--tenant", "acme")
REGISTER = ("targets", "register", "--stack", "s", "--tenant", "acme", "flow_a", "--kind", "echo")
KEY_ID = "key_01kav7t0d3p9s8x2m4n6q8r0vw"


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def parse(words):
    """The parsed arguments of a command, without running it."""
    command, context, path, rest = get_command(app), None, [], list(words)
    while True:
        context = command.make_context("client-tokens", rest, parent=context)
        if not hasattr(command, "commands"):
            return tuple(path), context.params
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        path.append(name)


def _replaced(option, value):
    words = list(CREATE)
    words[words.index(option) + 1] = value
    return words


def _examples(help_text):
    found = help_text.partition("Examples:\n")[2].replace("\\\n", "")
    return [shlex.split(line) for line in re.findall(r"client-tokens (.*?)(?=[|)\n])", found + "\n")]


@pytest.mark.parametrize("level", [(), *((noun,) for noun, *_ in COMMANDS), *COMMANDS], ids=" ".join)
class TestHelp:
    def test_fits_a_terminal_of_80_columns(self, run, level):
        shown = run(*level, "--help")
        assert (shown.status, shown.err) == (0, "")
        assert [line for line in shown.out.splitlines() if len(line) > 80] == []

    def test_has_examples_that_are_commands(self, run, level):
        examples = _examples(run(*level, "--help").out)
        assert examples
        for words in examples:
            if words != []:
                assert parse(words)[0][: len(level)] == level

    def test_describes_each_command_in_a_whole_sentence(self, run, level):
        """Typer truncates a command's first sentence if it does not fit on its line."""
        commands = run(*level, "--help").out.partition("Commands:\n")[2]
        assert "..." not in commands.partition("Examples:")[0]


def test_every_command_has_its_help(run):
    for noun, *verb in COMMANDS:
        assert run(noun, *verb, "-h").out.startswith(f"Usage: client-tokens {' '.join([noun, *verb])} [OPTIONS]")


def test_help_shows_each_kind_of_target_with_settings_that_it_takes(run):
    shown = run("targets", "register", "--help").out
    examples = [parse(words)[1] for words in _examples(shown)]
    assert [one["kind"] for one in examples] == list(KINDS)
    for one in examples:
        written = one["settings"] or ()
        assert target_settings.read(one["kind"], written).keys() == {name for name, _ in written}
        known = answering.load(one["kind"]).Settings.model_fields
        assert [name for name in known if not re.search(rf"^ +{name}  ", shown, re.MULTILINE)] == []


@pytest.mark.parametrize("words", [(), *((noun,) for noun, *verb in COMMANDS if verb)], ids=" ".join)
def test_incomplete_command_shows_its_help(run, words):
    answered = run(*words)
    assert (answered.status, answered.out, answered.err) == (2, "", run(*words, "--help").out)


@pytest.mark.parametrize("command", ["keys list", "audit"])
def test_usage_is_shown_when_no_deployment_is_named(run, command):
    refused = run(*command.split(), "--tenant", "acme")
    assert refused.err.startswith(
        f"Usage: client-tokens {command} [OPTIONS]\nTry 'client-tokens {command} -h' for help."
    )
    assert refused.err.splitlines()[-1].startswith("Error: Missing option '--stack' (env var: 'CLIENT_TOKENS_STACK')")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("kyes", "list"), "No such command 'kyes'. Did you mean 'keys'"),
        (("keys", "lsit"), "No such command 'lsit'. Did you mean 'list'?"),
        (("keys", "make"), "No such command 'make'."),
        (("--verison",), "No such option: --verison. Did you mean --version?"),
        (("keys", "list", "--tenat", "acme"), "No such option: --tenat. Did you mean --tenant?"),
        (("keys", "list", "--stack", "s", "--tenant", "acme", "--jsn"), "No such option: --jsn. Did you mean --json?"),
        (("keys", "list", "--tenant", "acme"), "Missing option '--stack'"),
        (("keys", "list", "--tenant", "acme"), "use --local for the stack that `make run` runs"),
        (("keys", "list", "--tenant", "acme", "--stack", ""), "Missing option '--stack'"),
        (("keys", "list", "--tenant", "acme", "--local", "--stack", "s"), "--local cannot be combined with --stack"),
        (("keys", "list", "--tenant", "acme", "--local", "--profile", "p"), "cannot be combined with --profile"),
        (("keys", "list", "--tenant", "acme", "--local", "--region", "r"), "cannot be combined with --region"),
        (("keys", "list", "--stack", "s"), "Missing option '--tenant' (env var: 'CLIENT_TOKENS_TENANT')."),
        (("keys", "list", "--stack", "s", "--ten", "acme"), "No such option: --ten. Did you mean --tenant"),
        (("keys", "list", "--stack", "s", "--tenant"), "Option '--tenant' requires an argument."),
        (("keys", "list", "--stack", "s", "--tenant", "acme", "more"), "Got unexpected extra argument(s) (more)"),
        (_replaced("--tenant", ""), "A tenant has 1 to 128 characters"),
        (_replaced("--tenant", "a" * 129), "A tenant has 1 to 128 characters"),
        (_replaced("--tenant", "ac me"), "A tenant has"),
        (_replaced("--tenant", "ac\tme"), "A tenant has"),
        (_replaced("--tenant", "acme#x"), "A tenant has"),
        (_replaced("--name", " "), "A name has 1 to 255 characters"),
        (_replaced("--name", "a" * 256), "A name has 1 to 255 characters"),
        (_replaced("--name", "a\x1b[2J"), "A name has"),
        ((*CREATE, "--scopes", "tokens:raed"), "There is no scope 'tokens:raed'. Did you mean tokens:read?"),
        (
            (*CREATE, "--scopes", "admin"),
            "Choose from tokens:read, tokens:write, tokens:reveal, conversations:read, conversations:write,",
        ),
        ((*CREATE, "--scopes", "tokens:read,"), "There is no scope ''."),
        ((*CREATE, "--expires-in-days", "0"), "The number of days is a whole number from 1 to 3650."),
        ((*CREATE, "--expires-in-days", "3651"), "The number of days is a whole number"),
        ((*CREATE, "--expires-in-days", "1.5"), "The number of days is a whole number"),
        ((*CREATE, "--expires-in-days=-1"), "The number of days is a whole number"),
        (("keys", "revoke", "--stack", "s", "--tenant", "acme", "CI"), "This is not the id of an API key"),
        (("keys", "revoke", "--stack", "s", "--tenant", "acme"), "Missing argument 'KEY_ID'."),
        (("targets", "register", "--stack", "s", "--tenant", "acme", "flow_a"), "Missing option '--kind'."),
        (
            ("targets", "register", "--stack", "s", "--tenant", "acme", "f", "--kind", "ehco"),
            "There is no kind of target 'ehco'. Did you mean echo?",
        ),
        ((*REGISTER, "--set", "max_tokens"), "A setting has the form NAME=VALUE, such as max_tokens=500."),
        ((*REGISTER, "--set", "=500"), "A setting has the form NAME=VALUE"),
        (
            ("targets", "remove", "--stack", "s", "--tenant", "acme", "flow a"),
            "The id of a target has 1 to 128 characters",
        ),
        (("audit", "--stack", "s"), "Missing option '--tenant'"),
        ((*AUDIT, "--token", KEY_ID), "This is not the id of a client token, which starts with ct_."),
        ((*SHOW, "conv_1"), "the id of a conversation, which starts with conv_. `conversations list` shows them."),
        ((*AUDIT, "--since", "yesterday"), "A time is a day, such as 2027-01-31, or has an offset"),
        ((*AUDIT, "--until", "2027-01-31T08:00"), "A time is a day, such as 2027-01-31, or has an offset"),
        ((*AUDIT, "--since", "0001-01-01T00:00:00+14:00"), "A time must lie in the years 1 to 9999 in UTC."),
        ((*AUDIT, "--until", "9999-12-31T23:59:59-14:00"), "A time must lie in the years 1 to 9999 in UTC."),
    ],
)
def test_invalid_command_is_refused_in_one_sentence(run, words, said):
    refused = run(*words)
    assert (refused.status, refused.out) == (2, "")
    last = refused.err.splitlines()[-1]
    assert last.startswith("Error: ")
    assert said in last


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (9, (*REGISTER[:-1], "\udcff")),
        (11, (*REGISTER, "--set", "\udcff=1")),
        (11, (*REGISTER, "--set", "pause_ms=\udcff")),
        (6, ("targets", "test", "--local", "flow_a", "--message", "\udcff")),
        (4, ("keys", "list", "--stack", "\udcff")),
        (6, ("keys", "list", "--stack", "s", "--region", "\udcff")),
        (6, ("keys", "list", "--stack", "s", "--profile", "\udcff")),
        (4, ("keys", "create", "--name", "\udcff")),
        (1, ("\udcff",)),
    ],
)
def test_bytes_that_are_no_text_are_refused(run, number, words):
    """The shell passes any bytes on. Python has these for those that are not text."""
    refused = run(*words)
    said = f"Error: Invalid value for argument {number}: It is not text in utf-8. Write it in this encoding.\n"
    assert (refused.status, refused.out, refused.err) == (2, "", said)


@pytest.mark.parametrize("variable", ["CLIENT_TOKENS_STACK", "CLIENT_TOKENS_TENANT", "AWS_SECRET_ACCESS_KEY"])
def test_variable_that_is_no_text_is_refused(run, monkeypatch, variable):
    monkeypatch.setenv(variable, "\udcff")
    refused = run("keys", "list")
    said = f"Error: Invalid value for variable {variable}: It is not text in utf-8. Write it in this encoding.\n"
    assert (refused.status, refused.out, refused.err) == (2, "", said)


@pytest.mark.parametrize(
    ("words", "argument", "value"),
    [
        (_replaced("--tenant", "a" * 128), "tenant", "a" * 128),
        (_replaced("--tenant", "org_2abc"), "tenant", "org_2abc"),
        (_replaced("--name", " Ada's laptop "), "name", "Ada's laptop"),
        (CREATE, "scopes", ("tokens:read", "tokens:write")),
        ((*CREATE, "--scopes", "tokens:reveal,tokens:read,tokens:write"), "scopes", SCOPES[:3]),
        ((*CREATE, "--scopes", ",".join(SCOPES)), "scopes", SCOPES),
        (CREATE, "expires_in_days", None),
        ((*CREATE, "--expires-in-days", "1"), "expires_in_days", 1),
        ((*CREATE, "--expires-in-days", "3650"), "expires_in_days", 3650),
        (("keys", "revoke", "--local", "--tenant", "acme", KEY_ID), "key_id", KEY_ID),
        ((*REGISTER, "--set", "a=1=2", "--set", "b="), "settings", [("a", "1=2"), ("b", "")]),
        (AUDIT, "since", None),
        ((*AUDIT, "--since", "2027-01-31"), "since", datetime(2027, 1, 31, tzinfo=UTC)),
        ((*AUDIT, "--until", "2027-01-31T09:00+01:00"), "until", datetime(2027, 1, 31, 8, tzinfo=UTC)),
        ((*AUDIT, "--since", "0001-01-01T00:00:00Z"), "since", datetime.min.replace(tzinfo=UTC)),
        ((*AUDIT, "--until", "9999-12-31T09:59:59-14:00"), "until", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_arguments_are_parsed_into_values(words, argument, value):
    assert parse(words)[1][argument] == value


def test_stack_and_tenant_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("CLIENT_TOKENS_STACK", "from-environment")
    monkeypatch.setenv("CLIENT_TOKENS_TENANT", "acme")
    given = parse(("keys", "list"))[1]
    assert (given["stack"], given["tenant"]) == ("from-environment", "acme")
    given = parse(("keys", "list", "--stack", "named", "--tenant", "other"))[1]
    assert (given["stack"], given["tenant"]) == ("named", "other")


def test_version_is_that_of_the_project(run):
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    shown = run("--version")
    assert (shown.status, shown.out) == (0, f"client-tokens {version}\n")


def test_version_of_an_installed_wheel_is_that_of_its_metadata(run, monkeypatch, tmp_path):
    """A wheel does not contain pyproject.toml."""
    installed = tmp_path / "client_tokens-9.8.7.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: client-tokens\nVersion: 9.8.7\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("infra.cli.app._PROJECT", tmp_path / "pyproject.toml")
    assert run("--version").out == "client-tokens 9.8.7\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion_can_be_installed(run, monkeypatch, shell):
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    shown = run("--show-completion", shell)
    assert shown.status == 0
    assert "_CLIENT_TOKENS_COMPLETE" in shown.out


@pytest.mark.parametrize("target", ["flow_a", "é", "a#b", "a" * 128, "a" * 129, "", "a b", "a\n", "a\u00a0b", "\udc80"])
def test_target_id_follows_the_rules_of_token_ids(target):
    words = ("targets", "remove", "--local", "--tenant", "acme", target)
    try:
        TypeAdapter(Id).validate_python(target)
    except ValidationError:
        with pytest.raises(BadParameter):
            parse(words)
    else:
        assert parse(words)[1]["target_id"] == target
