"""YAML text to values of the JSON data model.

Plain scalars follow the JSON schema of YAML 1.2: `true`, `false`, `null` (also `~` or nothing) and
JSON numbers; everything else is text. So `on`, `no`, `2026-01-01` and `1_000` stay text, whatever
YAML 1.1 made of them.
"""

import math
import re

import yaml

from drs_conformance.specification.documents import MAX_DEPTH, Document, DocumentError
from drs_conformance.specification.pointers import escape

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}

_Scalar = str | int | float | bool | None


def parse_yaml(text: str, *, file: str, first_line: int = 1) -> Document:
    """Parse one YAML document whose mappings have text keys; `file` only names it in errors.

    `first_line` is the line of the file on which `text` begins, for YAML inside another file.

    Raises:
        DocumentError: the text is not YAML, holds no or several documents, repeats a key, nests
            deeper than 100 levels, uses aliases or tags, or holds a number too large for a double.

    """
    return _Builder(file, first_line).build(text)


class _Builder:
    """Builds values from the parser's events: no recursion, no constructors, no aliases."""

    def __init__(self, file: str, first_line: int) -> None:
        self._file = file
        self._first_line = first_line
        self._positions: dict[str, tuple[int, int]] = {}
        self._containers: list[tuple[str, dict[str, object] | list[object]]] = []
        self._name: str | None = None
        self._documents: list[object] = []

    def build(self, text: str) -> Document:
        try:
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line, mark.column) if mark else (0, 0)
            reason = ", ".join(filter(None, (error.context, error.problem)))
            raise self._error(
                f"expected YAML, got something else: {reason}", line, column
            ) from None
        except yaml.reader.ReaderError as error:
            before = text[: error.position]
            raise self._error(
                f"expected printable text, got the character U+{ord(text[error.position]):04X}",
                before.count("\n"),
                len(before.rpartition("\n")[2]),
            ) from None
        if not self._documents:
            raise self._error("expected a document, got none", 0, 0)
        return Document(self._documents[0], self._positions)

    def _take(self, event: yaml.Event) -> None:
        place = _place_of(event)
        if isinstance(event, yaml.DocumentStartEvent) and self._documents:
            raise self._error("expected one document, got a second one", *place)
        if isinstance(event, yaml.AliasEvent):
            raise self._error("expected no aliases, got one; write the value out", *place)
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._containers.pop()
        if not isinstance(
            event, yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent
        ):
            return
        if event.tag is not None:
            raise self._error(f"expected no tags, got {event.tag}", *place)
        in_mapping = bool(self._containers) and isinstance(self._containers[-1][1], dict)
        if in_mapping and self._name is None:
            self._take_name(event)
        elif isinstance(event, yaml.ScalarEvent):
            self._place(self._scalar(event), place)
        else:
            container: dict[str, object] | list[object] = (
                {} if isinstance(event, yaml.MappingStartEvent) else []
            )
            pointer = self._place(container, place)
            self._containers.append((pointer, container))
            if len(self._containers) > MAX_DEPTH:
                reason = f"expected at most {MAX_DEPTH} levels, got more"
                raise self._error(reason, *place)

    def _take_name(self, event: yaml.NodeEvent) -> None:
        place = _place_of(event)
        name = self._scalar(event) if isinstance(event, yaml.ScalarEvent) else None
        if not isinstance(name, str):
            reason = "expected text as a key, got something else; put it in quotes"
            raise self._error(reason, *place)
        base, mapping = self._containers[-1]
        if name in mapping:
            raise self._error(f"expected each key once, got {name!r} again", *place)
        self._name = name
        self._positions[f"{base}/{escape(name)}"] = self._position(*place)

    def _place(self, value: object, place: tuple[int, int]) -> str:
        """Put `value` where the document stands and return its pointer."""
        if not self._containers:
            self._documents.append(value)
            pointer = ""
        else:
            base, container = self._containers[-1]
            if isinstance(container, dict):
                assert self._name is not None
                pointer = f"{base}/{escape(self._name)}"
                container[self._name] = value
                self._name = None
            else:
                pointer = f"{base}/{len(container)}"
                container.append(value)
        self._positions.setdefault(pointer, self._position(*place))
        return pointer

    def _scalar(self, event: yaml.ScalarEvent) -> _Scalar:
        text: str = event.value
        if _SURROGATE.search(text):
            reason = "expected Unicode text, got half of a surrogate pair; write the character out"
            raise self._error(reason, *_place_of(event))
        if not event.implicit[0]:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if not _NUMBER.fullmatch(text):
            return text
        if len(text) > 310 or math.isinf(float(text)):
            place = _place_of(event)
            raise self._error("expected a number that a double can hold", *place)
        return int(text) if _INTEGER.fullmatch(text) else float(text)

    def _position(self, line: int, column: int) -> tuple[int, int]:
        return self._first_line + line, column + 1

    def _error(self, reason: str, line: int, column: int) -> DocumentError:
        at_line, at_column = self._position(line, column)
        return DocumentError(reason, file=self._file, line=at_line, column=at_column)


def _place_of(event: yaml.Event) -> tuple[int, int]:
    """Return the line and column of an event, from zero."""
    mark = event.start_mark
    assert mark is not None
    return mark.line, mark.column
