"""Base62: digits, then capitals, then small letters. Numbers of one length sort as their texts do."""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def encode(number: int, length: int) -> str:
    """The last `length` digits of `number`, padded with zeros."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def decode(text: str) -> int:
    """The number of a text that `encode` made. Raises ValueError."""
    number = 0
    for digit in text:
        number = number * 62 + ALPHABET.index(digit)
    return number
