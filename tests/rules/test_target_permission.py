"""A target may use what the deployment's parameters name, and a profile of models also needs its model."""

from datetime import UTC, datetime

import pytest

from shared.rules import target_permission
from shared.rules.target import Target

NOVA = "foundation-model/amazon.nova-lite-v1:0"
US = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0"
ANYWHERE, HERE = f"arn:aws:bedrock:*::{NOVA}", f"arn:aws:bedrock:us-east-1::{NOVA}"
ID = "us.amazon.nova-lite-v1:0"


def missing(model_id, *permitted):
    at = datetime(2027, 1, 31, tzinfo=UTC)
    target = Target(id="agent_a", tenant="acme", kind="bedrock", settings={"model_id": model_id}, created_at=at)
    lacks = target_permission.missing(target, target_permission.EVERYTHING | {"bedrock": permitted})
    return lacks and lacks.named


@pytest.mark.parametrize(
    ("model_id", "permitted", "lacks"),
    [
        (ID, [US], HERE),
        (US, [US], HERE),
        (ID, [US, ANYWHERE], None),
        (US, [US, HERE], None),
        (ID, [US.replace("us-east-1", "*"), HERE], None),
        # Other models, and the same model where the profile is not.
        (ID, [US, ANYWHERE.replace("lite", "pro")], HERE),
        (ID, [US, HERE.replace("us-east-1", "eu-west-1")], HERE),
        (ID, [ANYWHERE], ID),
        # Two profiles of the same name without their models: the first is named.
        (ID, [US, US.replace("us-east-1", "us-west-2")], HERE),
        # Of another account or region.
        (US, [US.replace("123456789012", "210987654321"), ANYWHERE], US),
        (US, [US.replace("us-east-1", "eu-west-1"), ANYWHERE], US),
        # One of two profiles of the same name has its model.
        (ID, [US.replace("us-east-1", "us-west-2"), US, HERE], None),
        *((f"{one}.a.b", [f"arn:aws:bedrock:*:123456789012:inference-profile/{one}.a.b"],
           "arn:aws:bedrock:*::foundation-model/a.b") for one in ("us", "us-gov", "eu", "apac", "global")),
        # Nobody can tell the model of a profile of one's own by its name.
        ("abc123", ["arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"], None),
        (US, ["*"], None),
        (ID, ["*"], None),
    ],
)  # fmt: skip
def test_profile_is_permitted_only_together_with_its_model(model_id, permitted, lacks):
    assert missing(model_id, *permitted) == lacks
