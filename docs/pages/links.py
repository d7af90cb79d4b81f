"""Links between generated pages."""

from __future__ import annotations

from collections.abc import Iterable

from drs_conformance.specification.catalogue import Catalogue

__all__ = ["requirement_link", "schema_links", "threat_links"]


def requirement_link(catalogue: Catalogue, identifier: str, base: str = "") -> str:
    """Return a link to a requirement from a page ``base`` away from the chapters."""
    return f"[{identifier}]({base}{catalogue.by_id[identifier].chapter}.md#{identifier})"


def threat_links(identifiers: Iterable[str], base: str = "") -> str:
    """Return links to threats from a page ``base`` away from the top."""
    return ", ".join(f"[{threat}]({base}threats.md#{threat})" for threat in identifiers)


def schema_links(names: Iterable[str], base: str = "") -> str:
    """Return links to schema pages from a page ``base`` away from the top."""
    return ", ".join(f"[{name}]({base}schemas/{name}.md)" for name in names)
