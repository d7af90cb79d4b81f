"""The requirements as a page, each with a link to where it stands."""

from __future__ import annotations

import re

from drs_conformance.specification.catalogue import Catalogue
from drs_conformance.specification.catalogue_views import catalogue_markdown

from pages.links import requirement_link, threat_links

__all__ = ["catalogue_page"]


def catalogue_page(catalogue: Catalogue, banner: str) -> str:
    """Return the page of all requirements."""
    title, _, tables = catalogue_markdown(catalogue).partition("\n")

    def linked(row: re.Match[str]) -> str:
        return f"| {requirement_link(catalogue, row[1], 'standard/')} |"

    tables = re.sub(r"^\| ([A-Z]{3}-\d\d) \|", linked, tables, flags=re.MULTILINE)
    tables = re.sub(
        r"\| ((?:T-\d\d(?:, )?)+) \|$",
        lambda row: f"| {threat_links(row[1].split(', '))} |",
        tables,
        flags=re.MULTILINE,
    )
    return f"{title}\n\n{banner}{tables}"
