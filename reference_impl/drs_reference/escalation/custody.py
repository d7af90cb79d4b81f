"""The chain of custody of an item: who did what and when, each step linked to the one before.

The first step is linked to the record that the item was taken from (ESC-04).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from drs_reference.exchange.canonical import digest
from drs_reference.exchange.members import time_of
from drs_reference.json_text import Members

__all__ = ["broken_links", "linked"]


def linked(steps: Iterable[Mapping[str, Any]], source: str, taken: str) -> list[dict[str, Any]]:
    """The steps with the digests that they lack: of the item, and of the step before.

    ``source`` is the digest of the record, ``taken`` that of the item. A digest that was noted at
    the time of the step is kept.
    """
    chain: list[dict[str, Any]] = []
    for step in steps:
        previous = digest(chain[-1]) if chain else source
        chain.append({"digest": taken, "previous": previous, **step})
    return chain


def broken_links(item: Members, made_at: datetime) -> Iterator[str]:
    """A sentence for each step that does not follow. ``item`` fulfils the schema.

    Raises ``BodyError`` for a time that is none.
    """
    before, allowed = item.get("source"), {item.get("source"), item.get("digest")}
    since = None
    for step in item.items("custody"):
        at = time_of(step, "at")
        if step.get("previous") != before:
            yield f"{step.path}previous: expected {before}, the digest of what came before it"
        if step.get("digest") not in allowed:
            yield f"{step.path}digest: expected {item.get('digest')}; it was changed in custody"
        if step.get("digest") == item.get("digest"):
            # Once taken from the record, the item stays as it is.
            allowed = {item.get("digest")}
        if at > made_at or (since is not None and at < since):
            yield f"{step.path}at: expected a time between the step before and made_at"
        if step.get("step") == "destroyed":
            yield f"{step.path}step: what was destroyed is no evidence"
        before, since = digest(step.members), at
    if len(allowed) > 1:
        yield f"{item.path}custody: expected the digest of the item after the last step"
