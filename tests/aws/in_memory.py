"""AWS in memory: moto in this process, with the stack that template.yaml declares. It takes seconds, once per run.

All tests share its table. They are separate because each uses its own tenants.
"""

import os

from moto import mock_aws

from infra.local import cloud, crashes, moto_patches
from infra.local import template as sam
from shared.aws import client
from tests.aws.network import NETWORK

moto_patches.apply()
# With our own credentials, the only ones that the test network accepts.
mock_aws(config={"core": {"mock_credentials": False}}).start()
client.HTTPSConnection = NETWORK.connection
# moto never recovers, so waiting between attempts is useless.
client._PAUSE_SECONDS = 0
# Tracebacks of handlers, for the reports of failing tests.
CRASHES: list[str] = []
TEMPLATE = sam.translate(sam.read())
STACK = cloud.create(TEMPLATE)
# Those of all functions, which run in this process.
FUNCTIONS_VARIABLES = {name: value for one in STACK.functions.values() for name, value in one.environment.items()}
os.environ.update(FUNCTIONS_VARIABLES)
crashes.show(CRASHES.append)
