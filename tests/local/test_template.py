"""The template as CloudFormation receives it."""

import pytest

from infra.local.template import NotModeled, holds, parameter, read, resources, translate

SOURCE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Seconds: {Type: Number, Default: 20}
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: api
      MergeDefinitions: true
      DefinitionBody:
        openapi: 3.0.1
        info: {title: t, version: "1"}
        paths:
          /a: &same {x-amazon-apigateway-any-method: {responses: {}}}
          /b: *same
  Chat:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/
      Handler: chat.handler
      Runtime: python3.13
      Timeout: !Ref Seconds
      Events:
        Route: {Type: Api, Properties: {RestApiId: !Ref Api, Method: get, Path: /a}}
"""


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "template.yaml"
    file.write_text(SOURCE)
    return read(file)


def test_yaml_aliases_are_copied(source):
    paths = translate(source)["Resources"]["Api"]["Properties"]["Body"]["paths"]
    assert "get" in paths["/a"]
    assert "get" not in paths["/b"]


def test_given_parameter_replaces_the_default(source):
    template = translate(source, {"Seconds": "3"})
    timeout = template["Resources"]["Chat"]["Properties"]["Timeout"]
    assert parameter(template, timeout) == "3"
    assert parameter(translate(source), timeout) == 20
    assert parameter(template, "plain") == "plain"


def test_error_names_an_unknown_parameter(source):
    with pytest.raises(NotModeled, match=r"^template.yaml has no parameter Secs\.$"):
        translate(source, {"Secs": "3"})


def test_resource_exists_if_its_condition_holds():
    template = {
        "Parameters": {"Size": {"Default": 0}},
        "Conditions": {"Big": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, 0]}]}, "Odd": {"Fn::Or": []}},
        "Resources": {"Always": {}, "Sometimes": {"Condition": "Big"}},
    }
    assert resources(template).keys() == {"Always"}
    template["Parameters"]["Size"]["Default"] = "1"
    assert resources(template).keys() == {"Always", "Sometimes"}
    with pytest.raises(NotModeled, match="condition"):
        holds(template, "Odd")
