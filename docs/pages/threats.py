"""Threats, and the requirements that answer each."""

from __future__ import annotations

from drs_conformance.specification.catalogue import Catalogue

from pages.links import requirement_link

__all__ = ["threats_page"]


def threats_page(catalogue: Catalogue) -> str:
    """Return the page of threat coverage."""
    lines = ["# Threats", "", "Each threat of the Model, and what answers it."]
    for threat in catalogue.threats:
        answers = [item for item in catalogue.requirements if threat.id in item.threats]
        tested = sum(item.verify == "test" and not item.excluded for item in answers)
        lines += ["", f"## {threat.id} {threat.title} {{#{threat.id}}}", "", threat.text, ""]
        lines.append(f"{len(answers)} requirements, {tested} of them tested now.")
        lines.append("")
        lines += [
            f"- {requirement_link(catalogue, item.id, 'standard/')} {item.title} ({item.verify})"
            for item in answers
        ]
    return "\n".join(lines) + "\n"
