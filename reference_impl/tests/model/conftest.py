"""The shipped model, loaded once."""

from __future__ import annotations

import pytest
from drs_reference.model import LanguageModel


@pytest.fixture(scope="session")
def model() -> LanguageModel:
    """The model with the shipped weights."""
    return LanguageModel.load()
