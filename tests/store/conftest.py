"""What the store's tests see of AWS."""

from tests.aws.fixtures import aws_answers, aws_unreachable, calls, output  # noqa: F401 - fixtures
