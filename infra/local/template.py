"""template.yaml as CloudFormation receives it: with parameters, translated by SAM's own translator."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from infra.local import access

ROOT = Path(__file__).parents[2]
Template = dict[str, Any]
NO_VALUE = {"Ref": "AWS::NoValue"}


class NotModeled(Exception):  # noqa: N818 - it is an answer to the developer
    """The template needs something that the local stack does not model; the message says where."""


def read(path: Path = ROOT / "template.yaml") -> Template:
    """Reads the SAM source, with its tags in long form."""
    source: Template = yaml_parse(path.read_text(encoding="utf-8"))
    return source


def nested(resource: Template) -> Template:
    """The template of a nested stack. `resource`: its resource in the translated template."""
    return read(ROOT / resource["Properties"]["TemplateURL"])


def translate(source: Template, parameters: Mapping[str, str] | None = None) -> Template:
    """The CloudFormation template in which every parameter's default is the value to use."""
    # These imports take a second, and reading the template does not need them.
    import boto3  # noqa: PLC0415
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # noqa: PLC0415

    source = _plain(source)
    for name, value in (parameters or {}).items():
        if name not in source.get("Parameters", {}):
            raise NotModeled(f"template.yaml has no parameter {name}.")
        source["Parameters"][name]["Default"] = value
    _package(source)
    translator = Translator(None, Parser(), boto_session=boto3.Session(region_name=access.REGION))
    # Without AWS's list of managed policies, the translator keeps their ARNs as written.
    return _plain(translator.translate(source, {}, get_managed_policy_map=dict))


def parameter(template: Template, value: Any) -> Any:
    """`value`, or the value of the parameter that it refers to."""
    match value:
        case {"Ref": str(name)} if name in template.get("Parameters", {}):
            return template["Parameters"][name]["Default"]
    return value


def resources(template: Template) -> dict[str, Any]:
    """The resources that exist with its parameters, by logical id. Raises NotModeled as `holds` does."""
    return {
        name: resource
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or holds(template, resource["Condition"])
    }


def holds(template: Template, condition: str) -> bool:
    """Evaluates a condition by its name. Raises NotModeled for an unknown kind of condition."""
    return is_true(template, template["Conditions"][condition])


def resolved(template: Template, value: Any) -> Any:
    """`value` with what its conditions choose, and without what they leave out. Raises NotModeled as `holds` does."""
    match value:
        case {"Fn::If": [str(condition), if_true, if_false]}:
            return resolved(template, if_true if holds(template, condition) else if_false)
        case dict():
            found = {key: resolved(template, inner) for key, inner in value.items()}
            return {key: inner for key, inner in found.items() if inner != NO_VALUE}
        case list():
            return [one for one in (resolved(template, inner) for inner in value) if one != NO_VALUE]
    return value


def is_true(template: Template, condition: Any) -> bool:
    """Evaluates a condition of the template or of one of its rules. Raises NotModeled for an unknown kind."""
    match condition:
        case {"Condition": str(name)} if name in template["Conditions"]:
            return holds(template, name)
        case {"Fn::Not": [inner]}:
            return not is_true(template, inner)
        case {"Fn::And": list(inner)}:
            return all(is_true(template, one) for one in inner)
        case {"Fn::Or": list(inner)} if inner:
            return any(is_true(template, one) for one in inner)
        case {"Fn::Equals": [one, other]}:
            return _text(template, one) == _text(template, other)
        case {"Fn::Contains": [list(several), one]}:
            return _text(template, one) in {_text(template, each) for each in several}
    raise NotModeled(f"The local stack does not model the condition {json.dumps(condition)}.")


def _text(template: Template, value: Any) -> str:
    found = parameter(template, value)
    if isinstance(found, dict | list):
        raise NotModeled(f"The local stack does not model {json.dumps(found)} in a condition.")
    return str(found)


def _package(source: Template) -> None:
    """Stands in for `sam package`: the translator accepts code only in S3."""
    described = [resource.get("Properties", {}) for resource in source["Resources"].values()]
    for properties in [*described, *source.get("Globals", {}).values()]:
        for key in {"CodeUri", "ContentUri"} & properties.keys():
            if not properties[key].startswith("s3://"):
                properties[key] = "s3://local/code"


def _plain(tree: Any) -> Template:
    """Converts to JSON and back, as for CloudFormation. This removes YAML aliases, which the translator would change in
    all places at once, and the translator's own dictionary types.
    """
    template: Template = json.loads(json.dumps(tree))
    return template
