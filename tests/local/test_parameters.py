"""Values of parameters are checked against the template's constraints and rules, as in CloudFormation."""

import pytest

from infra.local.parameters import InvalidParameters, require_valid
from infra.local.template import NotModeled, read

SOURCE = {
    "Parameters": {
        "Mode": {"Type": "String", "Default": "off", "AllowedValues": ["off", "on"]},
        "Sizes": {"Type": "String", "Default": "1", "AllowedValues": ["1", "3", "5"]},
        "Name": {"Type": "String", "Default": "ab", "MinLength": 2, "MaxLength": 4},
        "Prefix": {"Type": "String", "Default": "", "AllowedPattern": "[a-z]*"},
        "Domain": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": "^([a-z.]+)?$",
            "ConstraintDescription": "must be empty or a domain in lower case",
        },
        "Needed": {"Type": "String", "MinLength": 1},
    },
    "Rules": {
        "OnNeedsDomain": {
            "RuleCondition": {"Fn::Equals": [{"Ref": "Mode"}, "on"]},
            "Assertions": [
                {
                    "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Domain"}, ""]}]},
                    "AssertDescription": "On needs one.",
                },
                {"Assert": {"Fn::Contains": [["ab", "abc"], {"Ref": "Name"}]}},
            ],
        }
    },
}


def rejection(**values):
    with pytest.raises(InvalidParameters) as caught:
        require_valid(SOURCE, {"Needed": "x"} | values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"Mode": "On"}, "Parameter 'Mode' must be one of AllowedValues: off, on"),
        ({"Sizes": "2"}, "Parameter 'Sizes' must be one of AllowedValues: 1, 3, 5"),
        ({"Name": "a"}, "Parameter 'Name' must contain at least 2 characters"),
        ({"Name": "abcde"}, "Parameter 'Name' must contain at most 4 characters"),
        ({"Prefix": "ab1"}, "Parameter 'Prefix' must match pattern [a-z]*"),
        ({"Prefix": "ab\n"}, "Parameter 'Prefix' must match pattern [a-z]*"),
        ({"Domain": "A"}, "Parameter Domain failed to satisfy constraint: must be empty or a domain in lower case"),
        ({"Needed": ""}, "Parameter 'Needed' must contain at least 1 characters"),
        ({"Mode": "on"}, "Rule OnNeedsDomain failed: On needs one."),
        ({"Mode": "on", "Domain": "a.b", "Name": "abcd"}, "Rule OnNeedsDomain failed: its assertion is false"),
    ],
)
def test_invalid_value_gets_the_error_of_cloudformation(values, reason):
    assert rejection(**values) == reason


def test_all_invalid_values_are_reported_at_once():
    assert [line.split("'")[1] for line in rejection(Mode="x", Sizes="x").splitlines()] == ["Mode", "Sizes"]


@pytest.mark.parametrize("values", [{}, {"Sizes": "5"}, {"Mode": "on", "Domain": "example.com"}, {"Domain": "x"}])
def test_other_values_are_accepted(values):
    require_valid(SOURCE, {"Needed": "x"} | values)


def test_unknown_type_of_parameter_is_an_error():
    with pytest.raises(NotModeled, match="the type Number of the parameter Days"):
        require_valid({"Parameters": {"Days": {"Type": "Number", "Default": 90}}}, {})


def test_unknown_kind_of_rule_is_an_error():
    rule = {"Assertions": [{"Assert": {"Fn::EachMemberIn": [["a"], ["a"]]}}]}
    with pytest.raises(NotModeled, match="EachMemberIn"):
        require_valid({"Rules": {"Odd": rule}}, {})


def test_rule_on_an_unknown_parameter_is_an_error():
    rule = {"Assertions": [{"Assert": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}}]}
    with pytest.raises(NotModeled, match="AWS::Region"):
        require_valid({"Rules": {"Odd": rule}}, {})


def test_template_defaults_are_valid():
    require_valid(read(), {})
