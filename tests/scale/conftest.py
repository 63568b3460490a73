"""Calls are recorded from the functions, before AWS in memory."""

import tests.aws.in_memory  # noqa: F401 - first, for our adapters read their environment on import
