"""What tools and their outputs count for, in bytes."""

import pytest

from shared.rules import client_tools
from shared.rules.client_tools import ClientTool


def asking(text):
    return ClientTool(name="ask", description=text, parameters_schema={"title": text})


@pytest.mark.parametrize("half", ["\ud83d", "a\udfffb"])
def test_half_an_emoji_counts_as_its_replacement_character(half):
    repaired = "".join("\ufffd" if "\ud800" <= one <= "\udfff" else one for one in half)
    assert client_tools.size([asking(half)]) == client_tools.size([asking(repaired)])
