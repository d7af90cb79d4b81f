"""A hub for tests delivers what nobody has read, and nothing that its author has not proven."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from drs_reference.exchange.canonical import parse
from drs_reference.exchange.hub.delivery import delivered
from drs_reference.exchange.hub.entries import Candidate, Refusal
from drs_reference.exchange.hub.intake import judged
from drs_reference.exchange.proofs import PublicKey
from drs_reference.signing import Signer

NOW = datetime(2026, 11, 12, tzinfo=UTC)


def wide(document: dict[str, Any], extension: dict[str, Any]) -> None:
    seen = "2026-11-10T00:00:00Z"
    extension["networks"] = [{"cidr": "0.0.0.0/0", "egress": "hosting", "seen_until": seen}]


def keys(signer: Signer) -> dict[str, PublicKey]:
    return {signer.kid: PublicKey.of(signer.key_entry())}


def test_what_members_have_to_refuse_is_delivered(
    changed: Callable[..., bytes], signer: Signer
) -> None:
    body = changed(wide)
    document = parse(body)
    author = document["created_by_ref"]
    assert isinstance(judged(document, author, keys(signer), NOW), Refusal)
    taken = delivered(document, author, keys(signer), NOW)
    assert isinstance(taken, Candidate)
    assert (taken.body, taken.author) == (body, author)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(name="Changed after it was proven"),
        lambda document: document.update(created_by_ref="identity--another"),
        lambda document: document.update(type="malware"),
        lambda document: document.update(extensions={}),
        lambda document: document.pop("object_marking_refs"),
    ],
)
def test_what_its_author_has_not_proven_is_not(
    change: Callable[[dict[str, Any]], object], changed: Callable[..., bytes], signer: Signer
) -> None:
    document = parse(changed())
    author = document["created_by_ref"]
    change(document)
    assert isinstance(delivered(document, author, keys(signer), NOW), Refusal)
