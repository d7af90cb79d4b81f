"""Signatures to read: the example of the standard, changed where a test says so, and proven."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from drs_reference.exchange.canonical import canonical
from drs_reference.exchange.proofs import SIGHTING_TYPE, SIGNATURE_TYPE, proven
from drs_reference.signing import Signer
from drs_reference.standard import standard_root

EXAMPLES = standard_root() / "schemas/0.1/examples/valid"
Change = Callable[[dict[str, Any], dict[str, Any]], object]


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer(bytes(range(32)))


@pytest.fixture(scope="session")
def worked_examples() -> dict[str, Any]:
    """The JSON blocks of the annex Worked examples by their heading."""
    text = (standard_root() / "spec/0.1/20-annex-worked-examples.md").read_text("utf-8")
    blocks: dict[str, Any] = {}
    for section in text.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        if "```json" in body:
            blocks[heading] = json.loads(body.split("```json")[1].split("```")[0])
    return blocks


def _example(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


@pytest.fixture
def template() -> dict[str, Any]:
    """The signature of a template over hundreds of accounts."""
    return _example(EXAMPLES / "signature/template.json")


@pytest.fixture
def changed(signer: Signer) -> Callable[..., bytes]:
    """Give the bytes of an example after a change of it and of its extension, proven anew."""

    def body(change: Change | None = None, name: str = "signature/template") -> bytes:
        document = deepcopy(_example(EXAMPLES / f"{name}.json"))
        (extension,) = document["extensions"].values()
        if change is not None:
            change(document, extension)
        kind = SIGHTING_TYPE if document["type"] == "sighting" else SIGNATURE_TYPE
        return canonical(proven(document, kind, signer))

    return body
