"""JSON that comes from outside: parsed strictly, members read with their types."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn


class BodyError(Exception):
    """A body that does not say what it must; ``member`` is the path of the wrong member, if any."""

    def __init__(self, member: str | None, message: str) -> None:
        super().__init__(message)
        self.member = member
        self.message = message


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body: UTF-8, no member twice, only numbers of JSON.

    Raises ``BodyError``.
    """
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise BodyError(None, f"the body must be UTF-8; byte {error.start} is not") from error
    except UnicodeEncodeError as error:
        message = "a string of the body holds half of a surrogate pair, which is no character"
        raise BodyError(None, message) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise BodyError(None, f"the body must be JSON: {error.msg} at {where}") from error
    except RecursionError as error:
        raise BodyError(None, "the body is nested too deeply") from error
    except ValueError as error:
        raise BodyError(None, "the body holds a number with too many digits") from error
    if not isinstance(value, dict):
        raise BodyError(None, f"the body must be a JSON object, not {described(value)}")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise BodyError(twice[:80], "a member stands twice in one object of the body")
    return members


def _no_constant(name: str) -> NoReturn:
    raise BodyError(None, f"the body must be JSON, which has no {name}")


def described(value: object) -> str:
    """A value as an error message names it; long ones by their size only."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        text = repr(value)
        return f"the number {text}" if len(text) <= 40 else "a number of many digits"
    if isinstance(value, str):
        return (
            f"the string {json.dumps(value)}"
            if len(value) <= 40
            else f"a string of {len(value)} characters"
        )
    if isinstance(value, Sequence):
        return f"an array of {len(value)}"
    return "an object"


class Members:
    """Typed reading of the members of an object; null counts as absent.

    Every method raises ``BodyError`` with the path of the member, what was expected and what came.
    """

    def __init__(self, members: Mapping[str, Any], path: str = "") -> None:
        self.members = members
        self.path = path

    def wrong(self, name: str, expected: str) -> BodyError:
        """The error for a member that is not what it must be."""
        path = self.path + name
        came = described(self.members[name]) if name in self.members else "nothing"
        return BodyError(path, f"{path} must be {expected}; got {came}")

    def get(self, name: str) -> Any:
        """The value, or None."""
        return self.members.get(name)

    def boolean(self, name: str) -> bool:
        """True or false; false when absent."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return bool(value)

    def integer(self, name: str, least: int, most: int | None = None) -> int | None:
        """A whole number in a range."""
        value = self.get(name)
        if value is None:
            return None
        expected = f"a whole number of at least {least}"
        if most is not None:
            expected = f"a whole number from {least} to {most}"
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole or value < least:
            raise self.wrong(name, expected)
        if most is not None and value > most:
            raise self.wrong(name, expected)
        return int(value)

    def number(self, name: str, least: float, most: float, default: float) -> float:
        """A number in a range."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(name, f"a number from {least:g} to {most:g}")
        if not least <= value <= most:
            raise self.wrong(name, f"a number from {least:g} to {most:g}")
        return float(value)

    def text(self, name: str, least: int = 0) -> str | None:
        """A string of at least ``least`` characters."""
        value = self.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) < least:
            raise self.wrong(name, "a string" if least == 0 else "a string that is not empty")
        return value

    def array(self, name: str) -> list[Any] | None:
        """An array."""
        value = self.get(name)
        if value is not None and not isinstance(value, list):
            raise self.wrong(name, "an array")
        return value

    def object(self, name: str) -> dict[str, Any] | None:
        """An object."""
        value = self.get(name)
        if value is not None and not isinstance(value, dict):
            raise self.wrong(name, "an object")
        return value

    def inner(self, name: str) -> Members:
        """The members of an object; of an empty one where it is absent."""
        return Members(self.object(name) or {}, f"{self.path}{name}.")

    def items(self, name: str) -> Iterator[Members]:
        """The members of each object of an array; nothing where it is absent."""
        for number, item in enumerate(self.array(name) or ()):
            path = f"{self.path}{name}[{number}]"
            if not isinstance(item, dict):
                raise BodyError(path, f"{path} must be an object; got {described(item)}")
            yield Members(item, f"{path}.")

    def required(self, name: str) -> str:
        """A string that is not empty and has to be there."""
        value = self.text(name, 1)
        if value is None:
            raise self.wrong(name, "a string that is not empty")
        return value

    def strings(self, name: str, most: int) -> tuple[str, ...]:
        """An array of up to ``most`` strings, none of them empty."""
        values = self.array(name) or []
        if len(values) > most or not all(isinstance(value, str) and value for value in values):
            raise self.wrong(name, f"an array of at most {most} strings, none of them empty")
        return tuple(values)

    def supported(self, neutral: Mapping[str, Sequence[Any]]) -> None:
        """Refuse members for features that are lacking, unless they ask for nothing.

        ``neutral`` has the values that ask for nothing, by name.
        """
        for name, values in neutral.items():
            if self.get(name) is not None and self.get(name) not in values:
                path = self.path + name
                raise BodyError(path, f"{path} is not supported here; leave it out")
