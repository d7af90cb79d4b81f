"""Rules in DRS-CEL: checked as a whole when they are read, evaluated in microseconds afterwards.

Chapter Signatures, Rules; SIG-07.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from drs_reference.exchange.rule_evaluation import Code, compiled
from drs_reference.exchange.rule_syntax import syntax_tree, variables
from drs_reference.exchange.rule_tokens import RuleError
from drs_reference.exchange.rule_types import TYPES, type_of

__all__ = ["Outcome", "Rule", "RuleError", "compile_rule"]

_INT64 = range(-(2**63), 2**63)


class Outcome(Enum):
    """What a rule says of features. ERROR counts as no match (chapter Signatures, Rules)."""

    MATCH = "match"
    NO_MATCH = "no-match"
    ERROR = "error"


_OUTCOMES = {True: Outcome.MATCH, False: Outcome.NO_MATCH, None: Outcome.ERROR}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule within DRS-CEL. ``variables`` are those that it reads."""

    text: str
    variables: frozenset[str]
    _readers: tuple[tuple[str, Callable[[object], object]], ...] = field(repr=False, compare=False)
    _code: Code = field(repr=False, compare=False)

    def evaluate(self, features: Mapping[str, object]) -> Outcome:
        """What the rule says of the features by variable; never raises.

        A feature that lacks, or is not of its type, is an error where its value would matter.
        """
        return _OUTCOMES[self._code([read(features.get(name)) for name, read in self._readers])]

    def matches(self, features: Mapping[str, object]) -> bool:
        """Whether the rule matches; an error is no match."""
        return self.evaluate(features) is Outcome.MATCH


def compile_rule(text: str, declared: Mapping[str, str]) -> Rule:
    """The rule that ``text`` holds. ``declared`` has the type of each variable that it may read.

    Raises ``RuleError`` with the column; whatever ``text`` is, that takes milliseconds.
    """
    unknown = next((name for name, kind in declared.items() if kind not in TYPES), None)
    if unknown is not None:
        raise RuleError(1, f"{unknown} is declared with the type {declared[unknown]!r}")
    tree = syntax_tree(text)
    kind = type_of(tree, declared)
    if kind != "bool":
        raise RuleError(tree.column, f"a rule is of type bool; this one is of type {kind}")
    names = sorted(variables(tree))
    numbers = {name: number for number, name in enumerate(names)}
    readers = tuple((name, _READERS[declared[name]]) for name in names)
    return Rule(text, frozenset(names), readers, compiled(tree, numbers, declared))


def _int(value: object) -> int | None:
    return value if type(value) is int and value in _INT64 else None


def _double(value: object) -> float | None:
    if isinstance(value, float):
        return float(value)
    return float(value) if type(value) is int and value in _INT64 else None


def _bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _timestamp(value: object) -> datetime | None:
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def _duration(value: object) -> timedelta | None:
    return value if isinstance(value, timedelta) else None


_READERS: Mapping[str, Callable[[object], object]] = {
    "int": _int,
    "double": _double,
    "bool": _bool,
    "string": _string,
    "timestamp": _timestamp,
    "duration": _duration,
}
