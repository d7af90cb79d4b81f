"""What the library refuses before anything is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from drs_conformance import UsageFault, probe


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"profile": "certify"}, "expected a profile of smoke, full, got 'certify'"),
        ({"level": "L9"}, "expected a level of L1, L2, L3, got 'L9'"),
        ({"classes": ["lab"]}, "expected a class of provider"),
        ({"only": ["DCL-99"]}, "DCL-99"),
        ({"seed": -1}, "seed"),
        ({"spec": "9.9"}, "9.9"),
        ({}, "target.yaml"),
    ],
)
def test_wrong_arguments_are_told_apart(
    arguments: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageFault, match=told):
        probe(tmp_path / "target.yaml", out=tmp_path / "results", **arguments)
    assert not (tmp_path / "results").exists()


def test_a_running_event_loop_is_no_place_for_it(tmp_path: Path) -> None:
    async def within() -> None:
        probe(tmp_path / "target.yaml")

    with pytest.raises(UsageFault, match="to_thread"):
        asyncio.run(within())
