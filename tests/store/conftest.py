"""The AWS fixtures of the store's tests."""

import tests.aws.in_memory  # noqa: F401 - the table
from tests.aws.fixtures import aws_answers, aws_unreachable, calls, output  # noqa: F401 - fixtures
