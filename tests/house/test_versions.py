"""The API calls versions of functions, which never change, so every change of a function must publish a new one."""

import copy
import os
import re
import subprocess
import sys

import pytest

from infra.local import template as sam
from tests import whole_numbers
from tests.house.code import ROOT, modules

# Functions without versions: a change of the function itself is enough for what their routes invoke.
WITHOUT_VERSION = {"ListTargets"}
# Properties of the function that its versions don't have.
UNVERSIONED = {"ReservedConcurrentExecutions"}
DESCRIPTION_MAX = 256


def _parameters(written, template):
    """The parameters that `written` depends on."""
    match written:
        case {"Ref": str(name)} if name in template["Parameters"]:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from (name for name in template["Parameters"] if f"${{{name}}}" in text)
        case {"Fn::If": [condition, *either]}:
            yield from _parameters(template["Conditions"][condition], template)
            yield from _parameters(either, template)
        case dict():
            for inner in written.values():
                yield from _parameters(inner, template)
        case list():
            for inner in written:
                yield from _parameters(inner, template)


def _versions(template):
    """Function -> logical id of its version, which CloudFormation replaces if the id changes."""
    return {
        one["Properties"]["FunctionName"]["Ref"]: name
        for name, one in template["Resources"].items()
        if one["Type"] == "AWS::Lambda::Version"
    }


@pytest.fixture(scope="module")
def versions(template):
    return _versions(template)


def test_every_function_is_invoked_through_its_alias(template, functions, versions):
    assert versions.keys() == functions.keys() - WITHOUT_VERSION
    for function, version in versions.items():
        alias = template["Resources"][f"{function}Aliaslive"]["Properties"]
        assert alias["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
    permissions = [one["Properties"] for one in template["Resources"].values() if "::Permission" in one["Type"]]
    invoked = {name if name in WITHOUT_VERSION else f"{name}Aliaslive" for name in functions}
    assert {one["FunctionName"]["Ref"] for one in permissions} == invoked


def test_version_description_holds_the_parameters_of_the_function(template, functions, versions):
    """CloudFormation replaces a version whose description changes; without that, a parameter would change nothing."""
    for name, version in versions.items():
        given = {key: value for key, value in functions[name].items() if key not in UNVERSIONED}
        description = template["Resources"][version]["Properties"]["Description"]
        assert set(_parameters(given, template)) == set(_parameters(description, template)), name


def test_longest_version_description_fits(template, versions):
    for name, version in versions.items():
        description = template["Resources"][version]["Properties"]["Description"]
        assert _longest(description, template["Parameters"]) <= DESCRIPTION_MAX, name


def _longest(written, parameters):
    """The maximum length of a text."""
    match written:
        case {"Ref": str(name)}:
            one = parameters[name]
            allowed = one.get("AllowedValues") or whole_numbers.bounds(one) or ()
            return one.get("MaxLength") or max(len(str(each)) for each in allowed)
        case {"Fn::Sub": str(text)}:
            names = re.findall(r"\$\{(\w+)\}", text)
            return len(re.sub(r"\$\{\w+\}", "", text)) + sum(_longest({"Ref": one}, parameters) for one in names)
        case {"Fn::Join": [separator, parts]}:
            return len(separator) * (len(parts) - 1) + sum(_longest(one, parameters) for one in parts)
        case {"Fn::Select": [index, {"Fn::Split": [_, _]}]}:
            # The parts of a key's ARN: its region, its account, its id.
            return {3: len("us-isof-south-1"), 4: 12, 1: len("mrk-") + 32}[index]
    assert isinstance(written, str), f"{written} may have any length"
    return len(written)


def _text(template, written):
    """The value of a text whose conditions are resolved."""
    match written:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(_text(template, one) for one in parts)
        case {"Fn::Select": [index, {"Fn::Split": [separator, text]}]}:
            return _text(template, text).split(separator)[index]
    return sam.parameter(template, written)


@pytest.mark.parametrize("function", ["CreateClientToken", "GetClientTokenValue", "RegenerateClientToken"])
@pytest.mark.parametrize("other", ["us-east-2:123456789012:key/mrk-1", "us-east-1:210987654321:key/mrk-1"])
def test_corrected_arn_of_the_signing_key_publishes_a_new_version(source, function, other):
    """Keys in several regions can have the same id."""

    def description(arn):
        template = sam.translate(source, {"SigningKeyArn": arn})
        version = template["Resources"][_versions(template)[function]]
        return _text(template, sam.resolved(template, version["Properties"]["Description"]))

    assert description("arn:aws:kms:us-east-1:123456789012:key/mrk-1") != description(f"arn:aws:kms:{other}")


@pytest.mark.parametrize(
    ("resource", "change", "changed"),
    [
        ("SharedLayer", {"ContentUri": "s3://local/other"}, None),
        ("CryptographyLayer", {"ContentUri": "s3://local/other"}, {"Authorize"}),
        ("Chat", {"CodeUri": "s3://local/other"}, {"Chat"}),
        ("Chat", {"Timeout": 27}, {"Chat"}),
        ("Chat", {"MemorySize": 1024}, {"Chat"}),
    ],
)
def test_changed_code_or_properties_publish_new_versions(source, versions, resource, change, changed):
    other = copy.deepcopy(source)
    other["Resources"][resource]["Properties"] |= change
    others = _versions(sam.translate(other))
    assert {name for name in versions if others[name] != versions[name]} == (changed or versions.keys())


def test_old_versions_are_deleted(template):
    found = [one for one in template["Resources"].values() if one["Type"] == "AWS::Lambda::Version"]
    assert {one["DeletionPolicy"] for one in found} == {"Delete"}


def test_function_without_a_version_needs_none(functions):
    """The description of a version has no room for the parameters of these."""
    for name in WITHOUT_VERSION:
        assert "PERMITTED_MODELS" in functions[name]["Environment"]["Variables"]


@pytest.mark.parametrize(("switch", "apply_on"), [("off", "None"), ("on", "PublishedVersions")])
def test_snapstart_is_used_only_by_parameter(source, switch, apply_on):
    template = sam.translate(source, {"SnapStart": switch})
    for name, one in template["Resources"].items():
        if one["Type"] == "AWS::Lambda::Function":
            if name in WITHOUT_VERSION:
                assert one["Properties"]["SnapStart"] == {"ApplyOn": "None"}
                continue
            condition, *either = one["Properties"]["SnapStart"]["ApplyOn"]["Fn::If"]
            assert either[not sam.holds(template, condition)] == apply_on, name


FROZEN = """
import importlib, os, secrets, socket, sys, uuid

def forbidden(*_, **__):
    raise AssertionError("done while a function starts, and so the same in all that are restored from its snapshot")

socket.socket.connect = socket.getaddrinfo = forbidden
secrets.token_bytes = secrets.token_hex = os.urandom = uuid.uuid4 = forbidden
for handler in sys.argv[1:]:
    importlib.import_module(handler)
"""


def test_snapshot_holds_no_connection_credential_or_randomness():
    """A restored function must use its own credentials, not those in the snapshot."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    handlers = [handler.name for handler in modules("functions")]
    command = [sys.executable, "-c", FROZEN, *handlers]
    subprocess.run(command, cwd=ROOT, env=environment | {"AWS_REGION": "us-east-1"}, check=True)
