"""Encodes AWS's event streams. botocore only decodes them; its decoder checks this encoder, in test_event_stream."""

import json
import struct
import zlib


def message(payload, **headers):
    """`headers`: texts, with _ for - and without the colon before each: `message(b"", event_type="PayloadChunk")`."""
    return encoded([(f":{name.replace('_', '-')}", 7, _text(value)) for name, value in headers.items()], payload)


def encoded(headers, payload=b""):
    """`headers`: triples of a name, the type of the value, and the value as its bytes."""
    data = b"".join(
        bytes([len(name.encode())]) + name.encode() + bytes([kind]) + value for name, kind, value in headers
    )
    return framed(data, payload)


def framed(headers, payload=b""):
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return start + struct.pack(">I", zlib.crc32(start))


def event(name, payload):
    """`payload`: bytes, or what is sent as JSON."""
    is_bytes = isinstance(payload, bytes)
    content_type = "application/octet-stream" if is_bytes else "application/json"
    body = payload if is_bytes else json.dumps(payload).encode()
    return message(body, event_type=name, content_type=content_type, message_type="event")


def exception(name, text="simulated"):
    body = json.dumps({"message": text}).encode()
    return message(body, exception_type=name, content_type="application/json", message_type="exception")


def function_answer(value):
    """What a function returns, as InvokeWithResponseStream answers."""
    return event("PayloadChunk", json.dumps(value).encode()) + event("InvokeComplete", {})


def model_answer(*texts, stop_reason="end_turn"):
    """What a model says, as ConverseStream answers."""
    deltas = [event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}) for text in texts]
    return b"".join(
        [event("messageStart", {"role": "assistant"}), *deltas, event("messageStop", {"stopReason": stop_reason})]
    )


def _text(value):
    return struct.pack(">H", len(value.encode())) + value.encode()
