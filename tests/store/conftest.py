"""What the store's tests see of AWS."""

import tests.aws.in_memory  # noqa: F401 - the table
from tests.aws.fixtures import aws_answers, aws_unreachable, calls, output  # noqa: F401 - fixtures
