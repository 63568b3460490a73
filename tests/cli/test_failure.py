"""An AWS error becomes one sentence, never a traceback."""

import contextlib

import pytest

from tests.aws.network import NETWORK

ADA = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: "


def _denied(action, resource):
    return f"{ADA}{action} on resource: {resource} because no identity-based policy allows the {action} action"


@pytest.mark.parametrize(
    ("words", "operation", "action"),
    [
        (("keys", "create", "--name", "CI"), "TransactWriteItems", "dynamodb:PutItem"),
        (("keys", "list"), "Query", "dynamodb:Query"),
        (("targets", "list"), "Query", "dynamodb:Query"),
        (("targets", "register", "flow_a", "--kind", "echo"), "TransactWriteItems", "dynamodb:PutItem"),
        (("targets", "remove", "--yes", "flow_a"), "GetItem", "dynamodb:GetItem"),
    ],
)
def test_error_names_a_missing_permission(operate, aws_answers, words, operation, action):
    message = _denied(action, "arn:aws:dynamodb:us-east-1:123456789012:table/t")
    aws_answers(operation, "AccessDeniedException", message=message)
    refused = operate(*words)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == f"Error: AWS refused {operation} (AccessDeniedException): {message}.\n"


def test_error_names_a_missing_permission_to_find_the_stack(operate, refuse):
    message = _denied("cloudformation:DescribeStacks", "arn:aws:cloudformation:us-east-1:123456789012:stack/s/*")
    refuse("AccessDenied", message)
    refused = operate("keys", "list")
    assert (refused.status, refused.err) == (1, f"Error: AWS refused DescribeStacks (AccessDenied): {message}.\n")


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException"])
def test_expired_credentials_error_says_to_sign_in_again(operate, refuse, code):
    message = "The security token included in the request is expired"
    refuse(code, message)
    refused = operate("keys", "list")
    assert (refused.status, refused.err) == (1, "Error: The AWS credentials have expired: sign in again.\n")


def test_error_for_credentials_that_aws_does_not_know(operate, refuse):
    message = "The security token included in the request is invalid."
    refuse("InvalidClientTokenId", message)
    refused = operate("keys", "list")
    assert refused.err == f"Error: AWS refused DescribeStacks (InvalidClientTokenId): {message}\n"


def test_error_for_a_table_that_does_not_exist(operate, aws_answers):
    aws_answers("TransactWriteItems", "ResourceNotFoundException", message="Requested resource not found")
    refused = operate("keys", "create", "--name", "CI")
    assert (refused.status, refused.out) == (1, "")
    assert "(ResourceNotFoundException): Requested resource not found." in refused.err


@pytest.fixture
def raising():
    """`raising(error)`: every later call of the store raises this."""
    with contextlib.ExitStack() as until_the_end:

        def raising(error):
            def fail(_request):
                raise error

            until_the_end.enter_context(NETWORK.hooked(fail))

        yield raising


def test_error_for_a_table_that_cannot_be_reached(operate, raising):
    raising(TimeoutError())
    refused = operate("keys", "list")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == (
        "Error: AWS cannot be reached (is the region right?): "
        "no answer from dynamodb.us-east-1.amazonaws.com in time.\n"
    )


def test_interrupt_exits_with_130(operate, raising):
    raising(KeyboardInterrupt())
    interrupted = operate("keys", "list")
    assert (interrupted.status, interrupted.out, interrupted.err) == (130, "", "")
