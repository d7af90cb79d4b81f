"""Ordinary accounts: served like any other, out of reach of the test mode, known by no name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module", name="wide")
def _wide(start: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    endpoint = start(tmp_path_factory.mktemp("ordinary") / "target", "--accounts", "2")
    yield endpoint
    endpoint.stop()


def test_the_target_file_names_them_and_gives_them_addresses_of_their_own(wide: Any) -> None:
    target = yaml.safe_load((wide.folder / "target.yaml").read_text("utf-8"))
    assert target["personas"]["blind-2"]["credential"] == "DRS_BLIND_2"
    addresses = {n: p.get("source_address") for n, p in target["personas"].items()}
    for name in ("blind-1", "blind-2"):
        others = [a for n, a in addresses.items() if n != name]
        assert addresses[name] is None or addresses[name] not in others
        # Nothing in a credential tells them from customers'.
        assert "test" not in wide.keys[name].split("-")
        assert "blind" not in wide.keys[name]


def test_they_are_served_and_are_in_good_standing(wide: Any, conforms: Any) -> None:
    views = [wide.standing(name) for name in ("blind-1", "blind-2", "control")]
    for view in views:
        conforms("account-standing", view)
        assert view["standing"] == "standing"
    assert len({view["account"] for view in views}) == 3
    assert wide.chat("blind-1").status_code == 200


def test_the_test_mode_does_not_know_them(wide: Any) -> None:
    for name in ("blind-1", wide.standing("blind-1")["account"]):
        path = f"/drs/v1/test/personas/{name}"
        assert wide.call("auditor", "GET", path).status_code == 404
        assert wide.test_mode(name, "reset").status_code == 404


def test_they_are_the_same_accounts_after_a_restart(start: Any, tmp_path: Path) -> None:
    folder, options = tmp_path / "target", ("--accounts", "2")
    first = start(folder, *options)
    before = [first.standing(name)["account"] for name in ("blind-1", "blind-2")]
    assert first.stop() == 0
    again = start(folder, *options, "--credentials", str(folder / "credentials.env"))
    assert [again.standing(name)["account"] for name in ("blind-1", "blind-2")] == before
    assert again.stop() == 0
