"""One reference endpoint and one good run for all tests that look at them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from endpoints import Endpoint, Run, probe, reference


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The reference endpoint in good order."""
    with reference(tmp_path_factory.mktemp("reference") / "target") as running:
        yield running


@pytest.fixture(scope="session")
def good_run(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A smoke run against the reference endpoint."""
    return probe(endpoint, tmp_path_factory.mktemp("good") / "results")
