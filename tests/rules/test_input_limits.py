"""Input limits: what a page can make a target read is bounded in bytes, whatever it combines."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.rules import client_tools, input_limits
from shared.rules.client_tools import ClientTool
from shared.rules.input_limits import InputLimits
from shared.rules.target_request import Attachment, Message, PageInput

NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)


def message(text="", message_id="m", role="user"):
    return Message(id=message_id, role=role, text=text, at=NOON)


def refusal(limits, **sent):
    with pytest.raises(InvalidRequest) as refused:
        input_limits.require_within(limits, PageInput(**{"message": message("Hi")} | sent))
    return refused.value


@pytest.mark.parametrize("text", ["x" * 100, "é" * 50, "🙂" * 25, "\x00" * 100])
def test_message_may_have_exactly_the_limit_in_bytes(text):
    limits = InputLimits(max_message_bytes=100)
    input_limits.require_within(limits, PageInput(message=message(text)))
    refused = refusal(limits, message=message(text + "x"))
    assert (refused.code, refused.message) == (
        "message_too_long",
        "Your message is too long. Please keep it to 100 bytes.",
    )


def test_message_limit_is_written_in_kb_if_it_is_a_whole_number():
    assert refusal(InputLimits(), message=message("x" * 8193)).message.endswith("Please keep it to 8 KB.")


@pytest.mark.parametrize(
    ("message_max", "input_max", "named"),
    [
        (100, 101, "max_message_bytes is 100."),
        (100, 100, "max_message_bytes is 100."),
        (101, 100, "max_input_bytes is 100,"),
        (8192, 4096, "max_input_bytes is 4,096,"),
        (65_536, 1_048_576, "max_message_bytes is 65,536."),
    ],
)
def test_hint_names_the_limit_that_refuses_the_message(message_max, input_max, named):
    limits = InputLimits(max_message_bytes=message_max, max_input_bytes=input_max)
    size = min(message_max, input_max) + 1
    refused = refusal(limits, message=message("x" * size))
    assert refused.code == "message_too_long"
    assert f"Its text has {size:,} bytes of UTF-8. The target's setting {named}" in refused.hint
    # Visitors read the sentence, and know no settings.
    assert "bytes of UTF-8" not in refused.message
    assert "max_" not in refused.message


def test_message_within_the_stated_limit_is_accepted():
    limits = InputLimits(max_input_bytes=50)
    assert "keep it under 50 bytes" in refusal(limits, message=message("x" * 51)).message
    input_limits.require_within(limits, PageInput(message=message("x" * 49)))
    limits = InputLimits(max_message_bytes=50)
    assert "keep it to 50 bytes" in refusal(limits, message=message("x" * 51)).message
    input_limits.require_within(limits, PageInput(message=message("x" * 50)))


def test_error_for_an_oversized_message_names_both_settings():
    input_limits.require_storable("x" * 65_536)
    with pytest.raises(InvalidRequest) as refused:
        input_limits.require_storable("x" * 65_537)
    assert refused.value.message == "Your message is too long. Please keep it to 64 KB."
    assert "max_message_bytes and max_input_bytes decide" in refused.value.hint


@pytest.mark.parametrize("field", ["inputs", "metadata", "context"])
@pytest.mark.parametrize("value", ["x" * 96, "é" * 48, "\n" * 48])
def test_other_page_input_is_counted_as_json(field, value):
    """`{"k": "..."}` takes nine bytes more than its text, and a message's id counts too."""
    beside = {"k": value}
    size = len("Hi") + len("m") + len(json.dumps(beside, ensure_ascii=False).encode())
    input_limits.require_within(InputLimits(max_input_bytes=size), PageInput(message=message("Hi"), **{field: beside}))
    refused = refusal(InputLimits(max_input_bytes=size - 1), **{field: beside})
    assert refused.code == "input_too_large"
    assert f"{size:,} bytes" in refused.hint
    assert f"{size - 1:,}" in refused.hint
    # The visitor reads the sentence, and knows no settings.
    assert "max_input_bytes" not in refused.message


def test_long_ids_and_attachment_names_count():
    limits = InputLimits(max_input_bytes=100, attachments=10)
    assert refusal(limits, message=message("Hi", "🙂" * 25)).code == "input_too_large"
    for name, media_type in (("x" * 100, "a/b"), (None, "a/" + "b" * 100), ("🙂" * 25, "a/b")):
        attachment = Attachment(media_type=media_type, data=b"1", name=name)
        assert refusal(limits, attachments=[attachment]).code == "input_too_large"


def tool(description, name="ask"):
    return ClientTool(name, description, {"type": "object"})


@pytest.mark.parametrize("text", ["x" * 96, "é" * 48, "\n" * 48])
def test_tools_count_as_input(text):
    size = len("Hi") + len("m") + client_tools.size([tool(text)])
    assert size > 100
    input_limits.require_within(InputLimits(max_input_bytes=size), PageInput(message=message("Hi"), tools=[tool(text)]))
    refused = refusal(InputLimits(max_input_bytes=size - 1), tools=[tool(text)])
    # A shorter message would not help.
    assert refused.code == "client_tools_too_large"
    assert f"{size - 3:,} bytes" in refused.hint
    assert f"max_input_bytes is {size - 1:,}" in refused.hint
    assert "max_" not in refused.message


def test_input_that_is_too_large_without_tools_is_to_be_shortened():
    beside = {"inputs": {"k": "x" * 100}, "tools": [tool("x")]}
    assert refusal(InputLimits(max_input_bytes=100), **beside).code == "input_too_large"


def test_history_gets_the_room_that_tools_leave():
    sent = PageInput(message=message("now", "m4"), tools=[tool("x" * 50)])
    earlier = [message("x" * 10, "m3"), message("y" * 20, "m2")]
    size = len("nowm4") + client_tools.size(sent.tools)
    heard = [
        [one.id for one in input_limits.select_history(InputLimits(max_input_bytes=size + room), sent, earlier)]
        for room in (11, 12, 33, 34)
    ]
    assert heard == [["m4"], ["m3", "m4"], ["m3", "m4"], ["m2", "m3", "m4"]]


def test_attachments_are_off_by_default():
    refused = refusal(InputLimits(), attachments=[Attachment(media_type="image/png", data=b"1")])
    assert (refused.code, "does not accept files" in refused.message) == ("attachments_not_enabled", True)
    assert "setting attachments" in refused.hint


def test_attachments_have_a_total_limit():
    limits = InputLimits(attachments=2048)
    two = [Attachment(media_type="image/png", data=b"x" * 1024)] * 2
    input_limits.require_within(limits, PageInput(message=message("Hi"), attachments=two))
    refused = refusal(limits, attachments=[*two, Attachment(media_type="a/b", data=b"x")])
    assert refused.code == "attachments_too_large"
    assert "2 KB in total" in refused.message
    assert "2,049 bytes" in refused.hint


def test_history_is_filled_newest_first_with_whole_messages():
    sent = PageInput(message=message("now", "m4"))
    earlier = [message("x" * 10, "m3"), message("y" * 20, "m2"), message("z", "m1")]
    size = len("now" + "m4") + 12
    heard = [
        [one.id for one in input_limits.select_history(InputLimits(max_input_bytes=size + room), sent, earlier)]
        for room in (-1, 0, 21, 22, 24, 25)
    ]
    assert heard == [
        ["m4"],
        ["m3", "m4"],
        # The first message that does not fit ends the history. m1 alone would fit, but make no sense.
        ["m3", "m4"],
        ["m2", "m3", "m4"],
        ["m2", "m3", "m4"],
        ["m1", "m2", "m3", "m4"],
    ]


def test_history_is_read_no_further_than_it_fits():
    read = []

    def newest_first():
        for number in range(1000):
            read.append(number)
            yield message("x" * 99, "m")

    heard = input_limits.select_history(
        InputLimits(max_input_bytes=1000), PageInput(message=message("x" * 99)), newest_first()
    )
    assert len(heard) == 10
    assert len(read) == 10


def test_history_reads_at_most_forty_messages():
    read = []

    def newest_first():
        for number in range(1000):
            read.append(number)
            yield message("x", f"m{number}")

    hidden = PageInput(message=message("now", "m"), shown_ids={"m", "m999"})
    assert input_limits.select_history(InputLimits(), hidden, newest_first()) == [hidden.message]
    assert len(read) < 40


def test_hidden_messages_count_toward_the_read_limit():
    read = []

    def newest_first():
        for number in range(30):
            read.append(number)
            yield message("x" * 99, "m")

    hidden = PageInput(message=message("now", "m31"), shown_ids={"m31"})
    assert input_limits.select_history(InputLimits(max_input_bytes=1000), hidden, newest_first()) == [hidden.message]
    assert len(read) == 11


def test_messages_the_page_no_longer_shows_are_left_out():
    sent = PageInput(message=message("now", "u3"), shown_ids={"u2", "a2", "u3", "never stored"})
    stored = [message("two", "a2", "assistant"), message("two", "u2"), message("one", "a1", "assistant")]
    assert [one.id for one in input_limits.select_history(InputLimits(), sent, stored)] == ["u2", "a2", "u3"]


def test_reply_under_an_id_of_the_page_is_shown_with_its_message():
    stored = [replace(message("two", "a2", "assistant"), shown_with="u2"), message("two", "u2")]
    for shown, heard in (({"u2", "own"}, ["u2", "a2", "u3"]), ({"a2"}, ["a2", "u3"]), ({"own"}, ["u3"])):
        sent = PageInput(message=message("now", "u3"), shown_ids=shown)
        assert [one.id for one in input_limits.select_history(InputLimits(), sent, stored)] == heard


@pytest.mark.parametrize(
    ("transcript", "ids"),
    [
        ([], None),
        ([{"role": "user"}, {"id": None}, {"id": ""}, {"id": 5}, {"id": ["a"]}, None, "id", 1, [{"id": "a"}]], None),
        ([{"id": "a"}, {"role": "user"}, {"id": "b"}, {"id": "a"}, {"id": {}}], {"a", "b"}),
    ],
    ids=["empty", "without ids", "with ids"],
)
def test_shown_ids_are_read_only_from_text_ids_of_objects(transcript, ids):
    assert input_limits.shown_ids(transcript) == ids


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
messages = st.builds(message, texts, texts.filter(bool), st.sampled_from(["user", "assistant"]))
objects = st.dictionaries(texts, st.recursive(st.none() | st.integers() | texts, st.lists, max_leaves=5), max_size=3)
attached = st.builds(Attachment, media_type=texts.filter(bool), data=st.binary(max_size=60), name=st.none() | texts)
inputs = st.builds(
    PageInput,
    message=messages,
    attachments=st.lists(attached, max_size=3),
    inputs=objects,
    metadata=objects,
    context=objects,
    tools=st.lists(st.builds(ClientTool, texts.filter(bool), texts, objects), max_size=3),
    shown_ids=st.none(),
)
limits = st.builds(
    InputLimits,
    max_input_bytes=st.integers(1, 1000),
    max_message_bytes=st.integers(1, 300),
    attachments=st.integers(0, 150),
)


@given(limits, inputs, st.lists(messages, max_size=50), st.booleans())
def test_no_combination_of_fields_exceeds_the_limits(limits, sent, newest_first, shows_ids):
    try:
        input_limits.require_within(limits, sent)
    except InvalidRequest:
        return
    if shows_ids:
        sent = replace(sent, shown_ids={one.id for one in newest_first[::2]})
    heard = input_limits.select_history(limits, sent, iter(newest_first))
    assert heard[-1] == sent.message
    chosen = "".join(
        [
            *(one.text + one.id for one in heard),
            *(one.media_type + (one.name or "") for one in sent.attachments),
            *(json.dumps(value, ensure_ascii=False) for value in (sent.inputs, sent.metadata, sent.context) if value),
            *(one.name + one.description + json.dumps(one.parameters_schema, ensure_ascii=False) for one in sent.tools),
        ]
    )
    assert len(chosen.encode()) <= limits.max_input_bytes
    assert len(sent.message.text.encode()) <= limits.max_message_bytes
    assert sum(len(one.data) for one in sent.attachments) <= limits.attachments


@given(st.lists(st.integers(0, 100), max_size=60), st.integers(10, 3000))
def test_history_holds_as_much_as_fits(sizes, most):
    earlier = [
        Message(id=f"m{number:03}", role="user", text="x" * size, at=NOON - timedelta(seconds=number))
        for number, size in enumerate(sizes)
    ]
    heard = input_limits.select_history(
        InputLimits(max_input_bytes=most), PageInput(message=message("now", "m")), earlier
    )
    left = len(heard) - 1
    assert heard[:-1] == earlier[:left][::-1]
    if left < min(39, len(earlier)):
        assert sum(len(one.text) + len(one.id) for one in earlier[: left + 1]) + len("nowm") > most
