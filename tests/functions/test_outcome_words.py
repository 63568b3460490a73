"""What a change of a token says to its owner, word for word: warnings, and what becomes of old values."""

import pytest

LIST = "/v1/client-tokens"
OBSERVED = (
    "Every origin is admitted until 2027-02-14T12:00:00.250Z, also those that are not allowed: these are logged as "
    "observed. Then the token enforces its allowed origins. Set originEnforcement to enforce as soon as they are "
    "complete."
)


@pytest.mark.parametrize(
    ("settings", "messages"),
    [
        ({"flowIds": []}, ["This token has no flow and no agent yet, so it cannot open a session."]),
        (
            {"rateLimitPerMinute": 50, "rateLimitPerHour": 10},
            ["The limit per hour is below the limit per minute, so the limit per hour decides."],
        ),
        (
            {"originEnforcement": "observe"},
            [OBSERVED],
        ),
        ({"expiresAt": "2027-02-01T00:00:00Z"}, ["Token will expire in 1 day."]),
        ({"expiresAt": "2027-02-02T00:00:00Z"}, ["Token will expire in 2 days."]),
    ],
)
def test_warnings(api, token, register, clock, settings, messages):
    register("flow_echo")
    answer = api.put(f"{LIST}/{token.id}", settings)
    assert [one["message"] for one in answer.json["warnings"]] == messages


def test_warning_of_targets_that_nobody_has_registered(caller):
    created = caller().create(flowIds=["flow_a", "flow_b"])
    [message] = (one["message"] for one in created["warnings"])
    assert message == (
        "No target is registered under flow_a, flow_b: nothing answers there. Check the spelling, or register a target."
    )


def test_warnings_of_a_daily_budget(api, token, register):
    model = {"base_url": "https://api.example.com/v1", "model": "m", "input_price": "10", "output_price": "10"}
    register("flow_echo", "openai", **model, max_tokens=100)
    register("flow_unpriced", "openai", base_url=model["base_url"], model="m")
    answer = api.put(f"{LIST}/{token.id}", {"flowIds": ["flow_echo", "flow_unpriced"], "dailyBudget": 0.01})
    unpriced, too_small = (one["message"] for one in answer.json["warnings"])
    assert unpriced == (
        "Under a daily budget, flow_unpriced cannot answer, because the most that an answer can cost is unknown. "
        "Register a price per call, or a model with prices per token and without attachments."
    )
    assert too_small == (
        "Under this daily budget, flow_echo cannot answer, because one answer can cost up to 0.34532 dollars. Raise "
        "the budget, or lower the target's max_tokens or max_input_bytes."
    )


def test_regeneration_and_deletion(api, token, clock):
    path = f"{LIST}/{token.id}"

    def regenerate(body):
        clock.forward(minutes=1)
        return api.post(f"{path}/regenerate", body)

    before = (
        " Values before it keep working as promised, the last one until {}. "
        "To stop them all, regenerate with gracePeriodSeconds 0."
    )
    messages = [
        regenerate(body).json["message"]
        for body in ({"gracePeriodSeconds": 600}, {"gracePeriodSeconds": 900}, {}, {"gracePeriodSeconds": 0})
    ]
    assert messages == [
        "The previous value works until 2027-01-31T12:11:00.250Z.",
        "The previous value works until 2027-01-31T12:17:00.250Z." + before.format("2027-01-31T12:11:00.250Z"),
        "The previous value no longer works." + before.format("2027-01-31T12:17:00.250Z"),
        "The previous value no longer works.",
    ]
    for _ in range(5):
        regenerate({"gracePeriodSeconds": 600})
    refused = regenerate({"gracePeriodSeconds": 600})
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_previous_values")
    assert refused.json["error"] == "5 previous values of this client token still work, which is the limit."
    assert refused.json["hint"] == (
        "The next one ends at 2027-01-31T12:15:00.250Z. Leave gracePeriodSeconds out to stop the current value at "
        "once, or send 0 to stop every older value."
    )
    assert api.delete(path).json["message"] == "The client token is deleted and no longer works."
