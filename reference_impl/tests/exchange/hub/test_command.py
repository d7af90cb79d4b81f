"""The command ``drs-reference hub``: what cannot start, and how it says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "drs_reference", "hub", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT / "reference_impl")},
    )


def test_it_says_where_it_is_and_stops_cleanly(start_hub: Any, tmp_path: Path, a: Any) -> None:
    hub = start_hub(tmp_path)
    assert hub.ready["discovery"] == hub.url + "/taxii2/"
    assert set(hub.ready["log_keys"]) == {"group-1", "group-2"}
    assert hub.get(a, "/taxii2/").status_code == 200
    assert (tmp_path / "hub.sqlite").stat().st_mode & 0o777 == 0o600
    assert hub.stop() == 0
    assert "Traceback" not in hub.log


def test_behind_a_proxy_members_sign_what_they_write(
    start_hub: Any, tmp_path: Path, a: Any
) -> None:
    hub = start_hub(tmp_path, "--origin", "https://hub.example")
    assert hub.ready["discovery"] == "https://hub.example/taxii2/"
    assert hub.json(a, "/taxii2/")["default"] == "https://hub.example/group-1/"
    # The test signs the address that it uses, which is not the one that members write.
    assert hub.post(a, a.signature()).status_code == 401


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--members"),
        (("--members", "{members}"), "--storage"),
        (("--members", "/nowhere.json", "--storage", "sqlite:///x"), "/nowhere.json"),
        (("--members", "{members}", "--storage", "redis://x"), "sqlite:///FILE"),
        (("--members", "{members}", "--storage", "sqlite:////nowhere/x"), "/nowhere/x"),
        (("--members", "{broken}", "--storage", "{storage}"), "neither YAML nor JSON"),
        (("--members", "{members}", "--storage", "{storage}", "--port", "x"), "0 to 65535"),
        (("--members", "{members}", "--storage", "{storage}", "--host", "203.0.113.7"), "203."),
        (("--members", "{members}", "--storage", "{storage}", "--origin", "hub"), "--origin"),
    ],
)
def test_what_cannot_start_says_why(
    tmp_path: Path, a: Any, arguments: tuple[str, ...], said: str
) -> None:
    group = {"root": "group-1", "title": "G", "members": [a.identity], "collections": []}
    document = {"name": "hub", "title": "H", "members": [a.entry()], "groups": [group]}
    (tmp_path / "members.json").write_text(json.dumps(document))
    (tmp_path / "broken.json").write_text("{")
    places = {
        "members": f"{tmp_path}/members.json",
        "broken": f"{tmp_path}/broken.json",
        "storage": f"sqlite:///{tmp_path}/hub.sqlite",
    }
    done = command(*(argument.format(**places) for argument in arguments))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_broken_document_leaves_the_members_as_they_were(
    start_hub: Any, tmp_path: Path, a: Any
) -> None:
    """A slip of the operator must not end the exchange, and is told in the log."""
    hub = start_hub(tmp_path)
    hub.change_members(a.entry(token="x"))
    assert hub.get(a, "/taxii2/").status_code == 200
    assert "the members stay as they were" in hub.log
    assert a.token not in hub.log


def test_a_storage_keeps_the_name_of_its_logs(start_hub: Any, tmp_path: Path, a: Any) -> None:
    """Under another name the same log would look like one that members have never seen."""
    hub = start_hub(tmp_path)
    assert hub.stop() == 0
    document = json.loads((tmp_path / "members.json").read_text())
    (tmp_path / "members.json").write_text(json.dumps({**document, "name": "other.example"}))
    done = command(*hub.process.args[4:])
    assert done.returncode == 2
    assert "logs of hub.example" in done.stderr
