"""What a target file says of the trust group in which a participant is probed."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from drs_conformance.specification.documents import Document
from drs_conformance.target.model import TrustGroup
from drs_conformance.target.origins import Origin
from drs_conformance.target.problems import Problem

__all__ = ["WIDEST_RANGE", "trust_group_of", "trust_group_problems"]

WIDEST_RANGE = {4: 16, 6: 32}
"""The shortest prefix that a signature may name, by version of IP (XCH-11)."""


def trust_group_of(entry: Mapping[str, Any] | None) -> TrustGroup | None:
    """Return what stands under `trust_group`, which has the form of its schema."""
    if entry is None:
        return None
    members = {
        name: {"identity": member["identity"], "kid": member["kid"]}
        for name, member in entry["members"].items()
    }
    return TrustGroup(str(Origin.of(entry["api_root"])), {**entry, "members": members})


def trust_group_problems(path: Path, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with `trust_group`, beyond its schema and its members."""
    value: Any = document.value
    entry = value.get("trust_group")
    if entry is None:
        return
    if "hub" in value:
        yield Problem(
            str(path),
            "/trust_group",
            "expected an endpoint beside a trust group, got a hub",
            "describe the hub in a target file of its own",
            document.line("/trust_group"),
        )
    for name, read in (("api_root", Origin.of), ("shared_range", _range)):
        try:
            if name in entry:
                read(entry[name])
        except ValueError as error:
            pointer = f"/trust_group/{name}"
            remedy = "see the schema target"
            yield Problem(str(path), pointer, str(error), remedy, document.line(pointer))


def _range(text: str) -> None:
    """Raise ValueError unless a signature may name a range of this width."""
    network = ipaddress.ip_network(text)
    if network.prefixlen < WIDEST_RANGE[network.version]:
        raise ValueError(
            f"expected a range of /{WIDEST_RANGE[network.version]} at most, got {text}"
        )
