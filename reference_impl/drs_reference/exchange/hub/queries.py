"""What a reader asks a collection for, as SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FIRST, LAST, ALL = "first", "last", "all"
_NEWER = "SELECT 1 FROM object n WHERE n.root = o.root AND n.id = o.id AND n.idx"


@dataclass(frozen=True, slots=True)
class Query:
    """Entries of a collection: those after a place and a time that fit every filter.

    ``after`` is an index of the log, ``added_after`` in microseconds since 1970, both exclusive. A
    filter that is None lets everything through. ``versions`` are ``FIRST``, ``LAST``, ``ALL`` or
    microseconds since 1970; one that fits is enough.
    """

    root: str
    collection: str
    limit: int
    after: int = -1
    added_after: int | None = None
    ids: frozenset[str] | None = None
    types: frozenset[str] | None = None
    spec_versions: frozenset[str] | None = None
    versions: frozenset[str | int] = frozenset({LAST})

    def where(self) -> tuple[str, list[str | int]]:
        """The condition over ``object o``, and its parameters."""
        terms = ["o.root = ?", "o.collection = ?", "o.idx > ?"]
        values: list[str | int] = [self.root, self.collection, self.after]
        if self.added_after is not None:
            terms.append("o.added > ?")
            values.append(self.added_after)
        for column, wanted in (
            ("o.id", self.ids),
            ("o.type", self.types),
            ("o.spec_version", self.spec_versions),
        ):
            if wanted is not None:
                terms.append(_one_of(column, wanted))
                values += sorted(wanted)
        if ALL not in self.versions:
            moments = sorted(value for value in self.versions if isinstance(value, int))
            either = [_one_of("o.modified", moments)] if moments else []
            either += [f"NOT EXISTS ({_NEWER} > o.idx)"] if LAST in self.versions else []
            either += [f"NOT EXISTS ({_NEWER} < o.idx)"] if FIRST in self.versions else []
            terms.append(f"({' OR '.join(either)})")
            values += moments
        return " AND ".join(terms), values


def _one_of(column: str, values: Iterable[object]) -> str:
    return f"{column} IN ({', '.join('?' for _ in values)})"
