"""Queries over a collection of TAXII 2.1 (sections 3.4 and 3.5), and what has to come of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

__all__ = ["Query", "expected", "queries"]


@dataclass(frozen=True)
class Query:
    """What a member asks for; None is left out."""

    ids: tuple[str, ...]
    versions: str | None = None
    types: str | None = None
    spec_version: str | None = None
    added_after: str | None = None
    limit: int | None = None

    def parameters(self) -> dict[str, object]:
        """Return the parameters of the URL."""
        given = {
            "match[id]": ",".join(self.ids),
            "match[version]": self.versions,
            "match[type]": self.types,
            "match[spec_version]": self.spec_version,
            "added_after": self.added_after,
            "limit": self.limit,
        }
        return {name: value for name, value in given.items() if value is not None}

    def __str__(self) -> str:
        """Return it for people."""
        rest = {n: v for n, v in self.parameters().items() if n != "match[id]"}
        shown = " ".join(f"{name}={value}" for name, value in rest.items())
        return f"a query for {len(self.ids)} identifiers {shown}".rstrip()


def queries(ids: Sequence[str], added: Sequence[str]) -> st.SearchStrategy[Query]:
    """Return a strategy over queries for objects that were added at these times."""
    return st.builds(
        Query,
        ids=st.lists(st.sampled_from(ids), min_size=1, unique=True).map(tuple),
        versions=st.sampled_from((None, "all", "first", "last")),
        types=st.sampled_from((None, None, "indicator", "sighting", "indicator,sighting")),
        spec_version=st.sampled_from((None, None, "2.1")),
        added_after=st.one_of(st.none(), st.sampled_from(sorted(set(added)))),
        limit=st.sampled_from((None, 1, 2, 3, 50)),
    )


def expected(
    query: Query, published: Sequence[Mapping[str, Any]], added: Sequence[str]
) -> list[Mapping[str, Any]]:
    """Return what a query shows of what was published, in the order in which it was added."""
    if query.types is not None and "indicator" not in query.types.split(","):
        return []
    found = []
    for name in query.ids:
        versions = [(place, one) for place, one in enumerate(published) if one["id"] == name]
        wanted = query.versions or "last"
        if wanted != "all":
            versions = [versions[0 if wanted == "first" else -1]]
        found += versions
    after = query.added_after
    return [
        one
        for place, one in sorted(found, key=lambda item: item[0])
        if after is None or added[place] > after
    ]
