"""The structured fields (RFC 9651) that message signatures need: dictionaries, and no more of them.

Values are integers, strings, byte sequences, and inner lists of strings without parameters
of their own. What else the RFC knows is refused.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

Item = int | str | bytes

_LENGTH_MAX = 8192
_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_INTEGER = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BYTES = re.compile(r":([A-Za-z0-9+/=]*):")
_SPACE = re.compile(r"[ ]*")
_OPTIONAL_SPACE = re.compile(r"[ \t]*")


class FieldError(Exception):
    """A field is not what it must be; the message says where."""


@dataclass(frozen=True, slots=True)
class InnerList:
    """Strings in parentheses, and what is said of them."""

    items: tuple[str, ...]
    parameters: Mapping[str, Item]

    def __str__(self) -> str:
        """The one way to write it (section 4.1)."""
        items = " ".join(map(_written, self.items))
        parameters = "".join(f";{name}={_written(v)}" for name, v in self.parameters.items())
        return f"({items}){parameters}"


def parse_dictionary(text: str) -> dict[str, InnerList | Item]:
    """The members of a dictionary by name. Raises ``FieldError``."""
    if len(text) > _LENGTH_MAX:
        raise FieldError(f"has {len(text)} characters; expected at most {_LENGTH_MAX}")
    reader = _Reader(text)
    members: dict[str, InnerList | Item] = {}
    while not reader.at_end():
        if members:
            reader.expect(",")
            reader.skip(_OPTIONAL_SPACE)
        name = reader.take(_KEY, "a name").group()
        if name in members:
            raise FieldError(f"names {name} twice")
        reader.expect("=")
        members[name] = reader.inner_list() if reader.sees("(") else reader.item()
        reader.skip(_OPTIONAL_SPACE)
    return members


def write_bytes(data: bytes) -> str:
    """A byte sequence."""
    return f":{base64.b64encode(data).decode()}:"


def _written(value: Item) -> str:
    if isinstance(value, bytes):
        return write_bytes(value)
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text.strip(" ")
        self.place = 0

    def at_end(self) -> bool:
        return self.place == len(self.text)

    def sees(self, character: str) -> bool:
        return self.text.startswith(character, self.place)

    def expect(self, character: str) -> None:
        if not self.sees(character):
            raise FieldError(f"lacks {character!r} at character {self.place}")
        self.place += 1

    def skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.place)
        self.place = found.end() if found else self.place

    def take(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        found = pattern.match(self.text, self.place)
        if found is None:
            raise FieldError(f"lacks {what} at character {self.place}")
        self.place = found.end()
        return found

    def string(self) -> str:
        return re.sub(r"\\(.)", r"\1", self.take(_STRING, "a string").group(1))

    def item(self) -> Item:
        if self.sees('"'):
            return self.string()
        if not self.sees(":"):
            return int(self.take(_INTEGER, "a number, a string or bytes").group())
        try:
            return base64.b64decode(self.take(_BYTES, "bytes").group(1), validate=True)
        except (binascii.Error, ValueError) as error:
            raise FieldError(f"has bytes that are not base64: {error}") from error

    def inner_list(self) -> InnerList:
        self.expect("(")
        self.skip(_SPACE)
        items = []
        while not self.sees(")"):
            items.append(self.string())
            if not self.sees(")"):
                self.expect(" ")
                self.skip(_SPACE)
        self.expect(")")
        parameters: dict[str, Item] = {}
        while self.sees(";"):
            self.expect(";")
            self.skip(_SPACE)
            name = self.take(_KEY, "the name of a parameter").group()
            if name in parameters:
                raise FieldError(f"names the parameter {name} twice")
            self.expect("=")
            parameters[name] = self.item()
        return InnerList(tuple(items), parameters)
