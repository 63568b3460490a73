"""What the store's tests see of AWS."""

import tests.aws.in_memory  # noqa: F401 - first, for our adapters read their environment on import

# isort: split

from tests.aws.fixtures import aws_answers, aws_unreachable, calls, output  # noqa: F401 - fixtures
