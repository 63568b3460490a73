"""AWS's limits as its documentation stated them on the date below. None of them is measured here."""

from __future__ import annotations

from dataclasses import dataclass

READ_ON = "2026-11-24"


@dataclass(frozen=True, slots=True)
class Limit:
    """`source`: the title of AWS's page. `raised`: how to raise the limit, if you can."""

    name: str
    value: int
    unit: str
    source: str
    raised: str


PARTITION_READS = Limit(
    "DynamoDB partition, reads", 3_000, "units/s", "Best practices for designing and using partition keys", "fixed"
)
PARTITION_WRITES = Limit(
    "DynamoDB partition, writes", 1_000, "units/s", "Best practices for designing and using partition keys", "fixed"
)
NEW_TABLE_READS = Limit(
    "New on-demand table or index, reads", 12_000, "units/s", "DynamoDB on-demand capacity mode", "warm throughput"
)
NEW_TABLE_WRITES = Limit(
    "New on-demand table or index, writes", 4_000, "units/s", "DynamoDB on-demand capacity mode", "warm throughput"
)
TABLE_UNITS = Limit(
    "On-demand table, reads and writes each", 40_000, "units/s", "Quotas in Amazon DynamoDB", "Service Quotas"
)
CONCURRENCY = Limit(
    "Lambda, concurrent executions in an account", 1_000, "concurrent", "Lambda quotas", "Service Quotas"
)
ACCOUNT_REQUESTS = Limit(
    "API Gateway, requests of an account in a region", 10_000, "requests/s", "Amazon API Gateway quotas", "AWS Support"
)
ACCOUNT_BURST = Limit(
    "API Gateway, burst of an account", 5_000, "requests", "Amazon API Gateway quotas", "set by AWS with the rate"
)
STAGE_REQUESTS = Limit(
    "API Gateway, each method of our stage",
    1_000,
    "requests/s",
    "Throttle requests to your REST APIs",
    "parameter ThrottleRate",
)
STAGE_BURST = Limit(
    "API Gateway, burst of each method",
    2_000,
    "requests",
    "Throttle requests to your REST APIs",
    "parameter ThrottleBurst",
)
SIGNATURES = Limit(
    "KMS, symmetric operations of an account (including GenerateMac)",
    10_000,
    "requests/s",
    "AWS KMS request quotas",
    "Service Quotas; larger regions start with more",
)

LIMITS = (
    PARTITION_READS,
    PARTITION_WRITES,
    NEW_TABLE_READS,
    NEW_TABLE_WRITES,
    TABLE_UNITS,
    CONCURRENCY,
    ACCOUNT_REQUESTS,
    ACCOUNT_BURST,
    STAGE_REQUESTS,
    STAGE_BURST,
    SIGNATURES,
)

# AWS promises no durations. These decide how many executions run at once.
SECONDS = {"GetItem": 0.004, "BatchGetItem": 0.006, "UpdateItem": 0.005, "PutItem": 0.005, "TransactWriteItems": 0.015}
# A quick model. An echo takes no time, and a large model takes several seconds.
TARGET_SECONDS = 1.0
