"""Checks a request against botocore's model of the operation. moto accepts almost anything."""

import base64
import binascii
import json
import re
from functools import cache
from urllib.parse import unquote

import botocore.session
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator

from tests.aws.rejected import Rejected


@cache
def of_service(service):
    return botocore.session.get_session().get_service_model(service)


def check(service, path, headers, body):
    """Why AWS would reject the request, or None."""
    model = of_service(service)
    if "targetPrefix" in model.metadata:
        return _check_json_protocol(model, headers, body)
    return _check_rest_protocol(model, path, body)


def _check_json_protocol(model, headers, body):
    prefix, _, operation = headers.get("X-Amz-Target", "").partition(".")
    if prefix != model.metadata["targetPrefix"] or operation not in model.operation_names:
        return Rejected("UnknownOperationException", f"{model.service_name} has no {prefix}.{operation}")
    content_type = f"application/x-amz-json-{model.metadata['jsonVersion']}"
    if headers.get("Content-Type") != content_type:
        return Rejected("SerializationException", f"Content-Type is not {content_type}")
    return _violation(json.loads(body), model.operation_model(operation).input_shape)


def _check_rest_protocol(model, path, body):
    for name in model.operation_names:
        operation = model.operation_model(name)
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(operation.http["requestUri"]))
        if operation.http["method"] == "POST" and (found := re.fullmatch(pattern, path)):
            in_path = {member: unquote(value) for member, value in found.groupdict().items()}
            is_opaque = operation.has_streaming_input or operation.input_shape.serialization.get("payload")
            return _violation(in_path | ({} if is_opaque else json.loads(body)), operation.input_shape)
    return Rejected("UnknownOperationException", f"{model.service_name} has no POST {path}")


def _violation(parameters, shape):
    try:
        report = ParamValidator().validate(parameters, shape).generate_report()
    except ParamValidationError as error:
        report = str(error)
    report = report or "\n".join(_limits_exceeded(parameters, shape, "input"))
    return Rejected("ValidationException", report) if report else None


def _limits_exceeded(value, shape, where):
    """Checks that botocore leaves to AWS: enumerations and maximum lengths. (It checks minimum lengths.)"""
    match shape.type_name:
        case "structure" if shape.is_document_type:
            """Any JSON."""
        case "structure":
            for name, inner in value.items():
                yield from _limits_exceeded(inner, shape.members[name], f"{where}.{name}")
        case "map":
            for name, inner in value.items():
                yield from _limits_exceeded(inner, shape.value, f"{where}.{name}")
        case "list":
            for number, inner in enumerate(value):
                yield from _limits_exceeded(inner, shape.member, f"{where}[{number}]")
        case "string" if shape.enum and value not in shape.enum:
            yield f"{where}: {value} is none of {shape.enum}"
    if shape.type_name in {"blob", "list", "string"}:
        yield from _wrong_length(value, shape, where)


def _wrong_length(value, shape, where):
    limits = shape.metadata
    try:
        length = len(base64.b64decode(value, validate=True) if shape.type_name == "blob" else value)
    except binascii.Error:
        yield f"{where}: not base64"
    else:
        if not limits.get("min", 0) <= length <= limits.get("max", length):
            yield f"{where}: {length} is not between {limits.get('min', 0)} and {limits.get('max')}"
