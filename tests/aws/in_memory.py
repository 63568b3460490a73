"""AWS in memory: moto in this process, with the stack that template.yaml declares. It takes seconds, once per run.

All tests share its table and keep out of each other's way as tenants do.
"""

import os

from moto import mock_aws

from infra.local import cloud, crashes, moto_patches
from infra.local import template as sam
from shared.aws import client
from tests.aws.network import NETWORK

moto_patches.apply()
# With our own credentials, which are those that the network knows.
mock_aws(config={"core": {"mock_credentials": False}}).start()
client.HTTPSConnection = NETWORK.connection
# Nobody is waiting for moto to recover.
client._PAUSE_SECONDS = 0
# Tracebacks of handlers, for the report of a test that fails.
CRASHES: list[str] = []
TEMPLATE = sam.translate(sam.read())
STACK = cloud.create(TEMPLATE)
for function in STACK.functions.values():
    os.environ.update(function.environment)
crashes.show(CRASHES.append)
