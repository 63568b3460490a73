"""The parts of CloudFormation that the local stack models. Anything else in the template is an error with its name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from infra.local import template as sam
from infra.local.template import NotModeled, Template

# Each type with the properties that the stack applies, and those with no visible effect on one machine: descriptions,
# architectures, capacity, logs, metrics, traces, and backups.
_PROPERTIES: Mapping[str, Collection[str]] = {
    "AWS::ApiGateway::Account": {"CloudWatchRoleArn"},
    "AWS::ApiGateway::Deployment": {"Description", "RestApiId", "StageName"},
    "AWS::ApiGateway::RestApi": {"Body", "Description", "EndpointConfiguration", "Name", "Parameters"},
    "AWS::ApiGateway::Stage": {
        "AccessLogSetting", "DeploymentId", "MethodSettings", "RestApiId", "StageName", "TracingEnabled",
    },
    "AWS::CloudFormation::Stack": {"Parameters", "Tags", "TemplateURL"},
    "AWS::DynamoDB::Table": {
        "AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "GlobalSecondaryIndexes", "KeySchema",
        "PointInTimeRecoverySpecification", "SSESpecification", "TimeToLiveSpecification",
    },
    "AWS::IAM::Role": {"AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies", "Tags"},
    "AWS::KMS::Alias": {"AliasName", "TargetKeyId"},
    "AWS::KMS::Key": {"Description", "EnableKeyRotation", "KeyPolicy", "KeySpec", "KeyUsage", "PendingWindowInDays"},
    "AWS::Lambda::Alias": {"FunctionName", "FunctionVersion", "Name"},
    "AWS::Lambda::EventInvokeConfig": {
        "DestinationConfig", "FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "Qualifier",
    },
    "AWS::Lambda::Function": {
        "Architectures", "Code", "Description", "Environment", "FunctionName", "Handler", "Layers", "LoggingConfig",
        "MemorySize", "ReservedConcurrentExecutions", "Role", "Runtime", "SnapStart", "Tags", "Timeout",
        "TracingConfig",
    },
    "AWS::Lambda::LayerVersion": {
        "CompatibleArchitectures", "CompatibleRuntimes", "Content", "Description", "LayerName",
    },
    "AWS::Lambda::Permission": {"Action", "FunctionName", "Principal", "SourceArn"},
    "AWS::Lambda::Version": {"Description", "FunctionName"},
    "AWS::Logs::LogGroup": {"LogGroupName", "RetentionInDays"},
    "AWS::Logs::SubscriptionFilter": {"DestinationArn", "FilterPattern", "LogGroupName"},
}  # fmt: skip

# Nested stacks are not created, so they may contain only monitoring.
_NESTED = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Logs::MetricFilter"}

# A stage that caches responses would behave differently; metrics and high throttles make no difference.
_METHOD_SETTINGS = {
    "DataTraceEnabled", "HttpMethod", "LoggingLevel", "MetricsEnabled", "ResourcePath", "ThrottlingBurstLimit",
    "ThrottlingRateLimit",
}  # fmt: skip


def require_modeled(template: Template) -> None:
    """Raises NotModeled with every resource and property that the local stack would have to ignore."""
    problems = [problem for name, resource in sam.resources(template).items() for problem in _problems(name, resource)]
    if problems:
        raise NotModeled("The local stack does not model: " + "; ".join(problems) + ".")


def _problems(name: str, resource: Template) -> list[str]:
    known = _PROPERTIES.get(resource["Type"])
    if known is None:
        return [f"{name} ({resource['Type']})"]
    properties = resource.get("Properties", {})
    unknown = [f"{name}.{key} ({resource['Type']})" for key in sorted(properties.keys() - set(known))]
    if resource["Type"] == "AWS::CloudFormation::Stack":
        inner = sam.nested(resource)["Resources"].items()
        unknown += [f"{name}.{one} ({made['Type']})" for one, made in inner if made["Type"] not in _NESTED]
    for settings in properties.get("MethodSettings", ()):
        unknown += [f"{name}.MethodSettings.{key}" for key in sorted(settings.keys() - _METHOD_SETTINGS)]
    return unknown
