"""What a response may hold: Lambda takes 6 MB of JSON, in which the body is one string."""

import pytest

from shared.errors import ResponseTooLarge
from shared.gateway.response import Response


@pytest.mark.parametrize(("character", "size"), [("x", 1), ('"', 2), ("\n", 2), ("\x00", 6)])
def test_body_may_take_6_000_000_bytes_as_json(character, size):
    room = 6_000_000 - len('""')
    body = character * (room // size) + "x" * (room % size)
    assert Response(200, body).body == body
    with pytest.raises(ResponseTooLarge):
        Response(200, body + "x")
