"""What the efficacy lab measured, as its own table has it."""

from __future__ import annotations

import json
from pathlib import Path

from drs_reference.efficacy.results import Results
from drs_reference.efficacy.table import table

__all__ = ["efficacy_parts"]


def efficacy_parts(folder: Path) -> dict[str, str]:
    """Return what a page is filled with from the results of `make efficacy` in ``folder``."""
    parts = {}
    for name, command in (("efficacy", "make efficacy"), ("efficacy_full", "make efficacy-full")):
        path = folder / f"{name}.json"
        if not path.is_file():
            continue
        document = json.loads(path.read_text("utf-8"))
        results = Results.open(path, document["setting"])
        parts[f"{name} table"] = (
            f"Measured by `{command}` on {document['setting']['machine']} with "
            f"{document['setting']['samples']:,} harvested answers, {document['written_at'][:10]}; "
            f"the figures are in [{path.name}]({path.name}).\n\n{table(results)}"
        )
    return parts
