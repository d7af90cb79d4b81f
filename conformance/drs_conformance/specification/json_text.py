"""JSON text to values, refusing what interoperable readers would disagree about (RFC 7493)."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NoReturn

from drs_conformance.specification.documents import MAX_DEPTH, Document, DocumentError
from drs_conformance.specification.pointers import escape

# A string may be cut off by the end of the text, so that scanning stays linear on broken input.
# What Python's parser refuses first may have something glued to its end.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}:,]|[^\s\[\]{}:,"]+', re.DOTALL)


class _RefusedError(Exception):
    """Valid for Python's parser and not for this one; the place is found in a second pass."""


def parse_json(text: str, *, file: str) -> Document:
    """Parse JSON text; `file` only names it in errors.

    Raises:
        DocumentError: the text is not JSON, repeats a member, nests deeper than 100 levels, holds
            NaN, an infinity, a number too large for a double, or half of a surrogate pair.

    """
    _refuse_depth(text, file)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
        if "\\u" in text:
            text_of_value = json.dumps(value, ensure_ascii=False)
            text_of_value.encode("utf-8")
    except json.JSONDecodeError as error:
        raise DocumentError(
            f"expected JSON, got something else: {error.msg}",
            file=file,
            line=error.lineno,
            column=error.colno,
        ) from None
    except (_RefusedError, UnicodeEncodeError):
        raise _first_refusal(text, file) from None
    return Document(value, _LazyPositions(text))


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _RefusedError
    return result


def _refuse_constant(_: str) -> NoReturn:
    raise _RefusedError


def _finite(literal: str) -> float:
    number = float(literal)
    if math.isinf(number):
        raise _RefusedError
    return number


def _integer(literal: str) -> int:
    # Python refuses to convert very long literals; no double comes near that many digits.
    if len(literal) > 310:
        raise _RefusedError
    return int(literal)


def _refuse_depth(text: str, file: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _TOKEN.finditer(text):
        if match[0] in "[{":
            depth += 1
        elif match[0] in "]}":
            depth -= 1
        if depth > MAX_DEPTH:
            raise _error(
                f"expected at most {MAX_DEPTH} levels, got more", file, text, match.start()
            )


def _first_refusal(text: str, file: str) -> DocumentError:
    """Return the error for the first part that `parse_json` refuses and Python's parser takes."""
    seen: set[str] = set()
    for pointer, start, token, is_name in _parts(text):
        if is_name:
            if pointer in seen:
                return _error(f"expected each member once, got {token} again", file, text, start)
            seen.add(pointer)
        if token.startswith('"'):
            if re.search("[\ud800-\udfff]", json.loads(token)):
                reason = f"expected Unicode text, got half of a surrogate pair in {token}"
                return _error(reason, file, text, start)
        elif token.startswith(("NaN", "Infinity", "-Infinity")):
            return _error(f"expected a JSON value, got {token[:40]}", file, text, start)
        elif (number := _NUMBER.match(token)) and (
            len(number[0]) > 310 or math.isinf(float(number[0]))
        ):
            shown = token if len(token) < 40 else f"one of {len(token)} characters"
            return _error(
                f"expected a number that a double can hold, got {shown}", file, text, start
            )
    raise AssertionError("parse_json refused a text without a reason")


def _parts(text: str) -> Iterator[tuple[str, int, str, bool]]:
    """Yield the pointer, offset and token of every value and member name of valid JSON.

    A name comes with the pointer of its member. `is_name` tells the two apart.
    """
    frames: list[tuple[str, int]] = []  # pointer of the container; next index, or -1 in an object
    pointer = ""
    expects_name = False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "}]":
            frames.pop()
            expects_name = False
            continue
        if token == ":":
            expects_name = False
            continue
        if token == ",":
            base, index = frames[-1]
            if index < 0:
                expects_name = True
            else:
                frames[-1] = (base, index + 1)
                pointer = f"{base}/{index + 1}"
            continue
        if expects_name:
            pointer = f"{frames[-1][0]}/{escape(json.loads(token))}"
            yield pointer, match.start(), token, True
            continue
        yield pointer, match.start(), token, False
        if token == "{":
            frames.append((pointer, -1))
            expects_name = True
        elif token == "[":
            frames.append((pointer, 0))
            pointer = f"{pointer}/0"


class _LazyPositions(Mapping[str, tuple[int, int]]):
    """Positions of the parts of a JSON text, found when they are first asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _found(self) -> dict[str, tuple[int, int]]:
        positions: dict[str, tuple[int, int]] = {}
        line, line_start, scanned = 1, 0, 0
        for pointer, start, _, _ in _parts(self._text):
            line += self._text.count("\n", scanned, start)
            if (newline := self._text.rfind("\n", scanned, start)) >= 0:
                line_start = newline + 1
            scanned = start
            positions.setdefault(pointer, (line, start - line_start + 1))
        return positions

    def __getitem__(self, pointer: str) -> tuple[int, int]:
        return self._found[pointer]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _error(reason: str, file: str, text: str, offset: int) -> DocumentError:
    return DocumentError(
        reason,
        file=file,
        line=text.count("\n", 0, offset) + 1,
        column=offset - text.rfind("\n", 0, offset),
    )
