"""The document is compared with the stack."""

import tests.aws.in_memory  # noqa: F401 - first, for our adapters read their environment on import
