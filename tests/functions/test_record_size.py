"""A token's record is at most 32 KB as DynamoDB counts it, whatever characters it is made of."""

import re
from dataclasses import replace

import pytest

from shared.errors import InvalidRequest
from shared.store import client_tokens, table
from tests.functions.page import assert_refused

LIST = "/v1/client-tokens"
BODY = {"name": "Shop", "allowedOrigins": ["https://app.example.com"]}
# 128 characters of four bytes each.
WIDE = [f"{number:02}" + "\N{PILE OF POO}" * 126 for number in range(100)]


@pytest.fixture
def api(caller):
    return caller()


@pytest.mark.parametrize(
    ("fields", "largest"),
    [
        ({"flowIds": WIDE}, "flowIds"),
        ({"agentIds": WIDE}, "agentIds"),
        ({"flowIds": WIDE[:70], "agentIds": WIDE[:10]}, "flowIds"),
        (
            {
                "allowedOrigins": [f"https://{'a.' * 110}{number:03}.example" for number in range(100)],
                "flowIds": WIDE[:40],
            },
            "allowedOrigins",
        ),
    ],
)
def test_400_names_the_largest_field(api, fields, largest):
    refused = api.post(LIST, BODY | fields)
    body = assert_refused(refused, 400, "record_too_large")
    assert [detail["path"] for detail in body["details"]] == [largest]
    assert body["hint"] == f"Shorten {largest} first."
    assert re.fullmatch(r"This client token would take [3-9]\d,\d{3} bytes\. The limit is 32,768\.", body["error"])
    assert api.get(LIST).json == {"clientTokens": []}


def test_400_update_changes_nothing(api):
    token_id = api.create()["clientToken"]["id"]
    assert_refused(api.put(f"{LIST}/{token_id}", {"flowIds": WIDE}), 400, "record_too_large")
    assert api.get(f"{LIST}/{token_id}").json["clientToken"]["flowIds"] == []


def test_names_and_ids_keep_their_length_in_characters(api):
    wide = {
        "name": "\N{PILE OF POO}" * 255,
        "flowIds": ["\N{PILE OF POO}" * 128],
        "pinToVersion": "\N{PILE OF POO}" * 128,
    }
    created = api.create(**wide)["clientToken"]
    assert {name: created[name] for name in wide} == wide


def test_largest_record_can_be_regenerated_and_switched_off(api):
    """Stopping a leak never fails because a record is full."""
    flows = WIDE
    while (answer := api.post(LIST, BODY | {"flowIds": flows})).status_code == 400:
        flows = flows[:-1]
    while (
        finer := api.post(LIST, BODY | {"flowIds": flows, "agentIds": [f"{'x' * (len(WIDE[0]))}"]})
    ).status_code == 201:
        answer, flows = finer, [*flows, f"y{len(flows)}"]
    path = f"{LIST}/{answer.json['clientToken']['id']}"
    for _ in range(5):
        assert api.post(f"{path}/regenerate", {"gracePeriodSeconds": 604_800}).status_code == 200
    for is_active in (False, True) * 3:
        assert api.put(path, {"isActive": is_active}).status_code == 200
    assert _stored_size(answer) <= client_tokens.RECORD_BYTES_MAX


def test_limit_is_that_of_the_record_after_five_regenerations(api):
    """To the byte, with five values and their periods, and revisions of fifteen digits."""
    token_id = api.create(config={"welcomeMessage": "Hi"})["clientToken"]["id"]
    for _ in range(6):
        api.post(f"{LIST}/{token_id}/regenerate", {"gracePeriodSeconds": 604_800})
    [token, _] = client_tokens.get(api.tenant, token_id)
    assert len(token.previous_values) == 5
    token = replace(token, revision=10**15 - 1, config_revision=10**15 - 1)
    padding = client_tokens.RECORD_BYTES_MAX - client_tokens.size(client_tokens.to_item(token))
    named = [replace(token.settings, name=token.settings.name + "x" * more) for more in (padding, padding + 1)]
    client_tokens.require_fits(replace(token, settings=named[0]))
    with pytest.raises(InvalidRequest, match=r"^This client token would take 32,769 bytes\."):
        client_tokens.require_fits(replace(token, settings=named[1]))


def _stored_size(answer):
    return client_tokens.size(table.get(client_tokens.key(answer.json["clientToken"]["id"]), at=None))
