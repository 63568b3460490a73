"""What the local stack cannot model is refused by name."""

import copy

import pytest

from infra.local.scope import require_modeled
from infra.local.template import NotModeled, read, translate
from tests.aws.in_memory import TEMPLATE


def refusal(logical_id, **change):
    template = copy.deepcopy(TEMPLATE)
    resource = template["Resources"].setdefault(logical_id, {"Properties": {}})
    resource |= {key: value for key, value in change.items() if key != "Properties"}
    resource["Properties"] |= change.get("Properties", {})
    with pytest.raises(NotModeled) as caught:
        require_modeled(template)
    return str(caught.value)


def test_our_template_is_within_scope():
    require_modeled(TEMPLATE)


def test_error_names_an_unknown_resource_type():
    assert refusal("Queue", Type="AWS::SQS::Queue") == "The local stack does not model: Queue (AWS::SQS::Queue)."


def test_error_names_an_unknown_property():
    assert refusal("Table", Properties={"StreamSpecification": {}, "ImportSourceSpecification": {}}) == (
        "The local stack does not model: Table.ImportSourceSpecification (AWS::DynamoDB::Table);"
        " Table.StreamSpecification (AWS::DynamoDB::Table)."
    )


def test_error_names_a_nested_resource_other_than_monitoring(monkeypatch):
    inner = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, "Slow": {"Type": "AWS::CloudWatch::Alarm"}}}
    monkeypatch.setattr("infra.local.template.nested", lambda _: inner)
    with pytest.raises(NotModeled) as caught:
        require_modeled(TEMPLATE)
    assert str(caught.value) == "The local stack does not model: Watching.Topic (AWS::SNS::Topic)."


def test_a_stage_that_caches_responses_is_refused():
    settings = [{"HttpMethod": "*", "ResourcePath": "/*", "CachingEnabled": True}]
    assert "ApiStage.MethodSettings.CachingEnabled" in refusal("ApiStage", Properties={"MethodSettings": settings})


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"Firewall": "on"}, "WebAcl (AWS::WAFv2::WebACL)"),
        ({"DomainName": "tokens.example.com"}, "Domain (AWS::ApiGateway::DomainName)"),
    ],
)
def test_unmodeled_feature_enabled_by_parameter_is_refused(parameters, named):
    with pytest.raises(NotModeled) as caught:
        require_modeled(translate(read(), parameters))
    assert named in str(caught.value)
