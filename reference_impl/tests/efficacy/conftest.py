"""What the schema of efficacy cards allows, and the shipped model."""

from __future__ import annotations

import json

import pytest
from drs_reference.model import LanguageModel
from drs_reference.standard import standard_root


@pytest.fixture(scope="session")
def attacks_of_the_schema() -> set[str]:
    path = standard_root() / "schemas" / "0.1" / "perturbation-evidence.schema.json"
    schema = json.loads(path.read_text("utf-8"))
    return set(schema["properties"]["strongest"]["enum"])


@pytest.fixture(scope="session")
def model() -> LanguageModel:
    """The model with the shipped weights."""
    return LanguageModel.load()
