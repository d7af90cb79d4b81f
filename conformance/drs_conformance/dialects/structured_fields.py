"""Lists of items in structured fields (RFC 9651, section 4.2), without inner lists."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

__all__ = ["BareItem", "Date", "MalformedField", "Token", "parse_list"]


class MalformedField(Exception):
    """A header field does not have the form that its specification gives."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token: an unquoted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Date:
    """A date: seconds since the epoch."""

    seconds: int


BareItem = int | float | str | bool | bytes | Token | Date

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_TOKEN = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*")
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):")
_BOOLEAN = re.compile(r"\?([01])")
_DATE = re.compile(r"@(-?[0-9]{1,15})(?![0-9.])")
_DISPLAY = re.compile(r'%"((?:[ !#$&-~]|%[0-9a-f]{2})*)"')
_MAX_DIGITS = 15
_MAX_DECIMAL_DIGITS = (12, 3)


def parse_list(value: str) -> list[tuple[BareItem, dict[str, BareItem]]]:
    """Return the items of a list, each with its parameters.

    Strings and display strings become `str`, byte sequences `bytes`. A parameter without value is
    True; of a repeated one the last counts.

    Raises:
        MalformedField: the value is not such a list.

    """
    reader = _Reader(value)
    items: list[tuple[BareItem, dict[str, BareItem]]] = []
    reader.skip(" ")
    while not reader.at_end():
        items.append((reader.bare_item(), reader.parameters()))
        reader.skip(" \t")
        if reader.at_end():
            return items
        reader.expect(",")
        reader.skip(" \t")
        if reader.at_end():
            raise reader.malformed("another item after the comma")
    return items


class _Reader:
    """A position in a field value."""

    def __init__(self, value: str) -> None:
        self._value = value
        self._at = 0

    def at_end(self) -> bool:
        return not self._value[self._at :].strip(" ")

    def skip(self, characters: str) -> None:
        while self._value[self._at : self._at + 1] and self._value[self._at] in characters:
            self._at += 1

    def expect(self, character: str) -> None:
        if not self._value.startswith(character, self._at):
            raise self.malformed(repr(character))
        self._at += 1

    def malformed(self, wanted: str) -> MalformedField:
        rest = self._value[self._at : self._at + 40]
        return MalformedField(
            f"expected {wanted} at character {self._at + 1} of {self._value[:200]!r}, got {rest!r}"
        )

    def parameters(self) -> dict[str, BareItem]:
        parameters: dict[str, BareItem] = {}
        while self._value.startswith(";", self._at):
            self._at += 1
            self.skip(" ")
            key = self._match(_KEY, "a parameter name")[0]
            parameters.pop(key, None)
            if self._value.startswith("=", self._at):
                self._at += 1
                parameters[key] = self.bare_item()
            else:
                parameters[key] = True
        return parameters

    def bare_item(self) -> BareItem:
        first = self._value[self._at : self._at + 1]
        if first == '"':
            text = self._match(_STRING, "a string")[1]
            return re.sub(r"\\(.)", r"\1", text)
        if first == "?":
            return self._match(_BOOLEAN, "?0 or ?1")[1] == "1"
        if first == "@":
            return Date(int(self._match(_DATE, "a date")[1]))
        if first == ":":
            return self._byte_sequence()
        if first == "%":
            return self._display_string()
        if first == "-" or first.isdigit():
            return self._number()
        return Token(self._match(_TOKEN, "an item")[0])

    def _match(self, form: re.Pattern[str], wanted: str) -> re.Match[str]:
        match = form.match(self._value, self._at)
        if match is None:
            raise self.malformed(wanted)
        self._at = match.end()
        return match

    def _number(self) -> int | float:
        text = self._match(_NUMBER, "a number")[0]
        whole, point, fraction = text.removeprefix("-").partition(".")
        if not point:
            if len(whole) > _MAX_DIGITS:
                raise self.malformed(f"an integer of at most {_MAX_DIGITS} digits before this")
            return int(text)
        if len(whole) > _MAX_DECIMAL_DIGITS[0] or len(fraction) > _MAX_DECIMAL_DIGITS[1]:
            raise self.malformed("a decimal of at most 12 and 3 digits before this")
        return float(text)

    def _byte_sequence(self) -> bytes:
        text = self._match(_BYTES, "a byte sequence")[1]
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except binascii.Error:
            raise self.malformed("base64 before this") from None

    def _display_string(self) -> str:
        text = self._match(_DISPLAY, "a display string")[1]
        escaped = re.sub(r"%([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), text)
        try:
            return escaped.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            raise self.malformed("UTF-8 before this") from None
