"""The reference endpoint passes as a member of a trust group; runs are replayed without keys."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from drs_conformance.specification.schemas import problems
from endpoints import Endpoint, Run, drs, probe, reference

PUBLISHED = {"SIG-01", "SIG-03", "SIG-05"}
MEMBER = {*PUBLISHED, "SIG-07", "SIG-08", "XCH-08", "XCH-09", "XCH-10", "XCH-11"}


@pytest.fixture(scope="module")
def member(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("member")
    with reference(folder / "target", "--test-group") as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def ran(member: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = probe(member, tmp_path_factory.mktemp("ran") / "results", "--class", "participant")
    kept = b"".join(path.read_bytes() for path in run.files().values())
    assert not [value for value in member.credentials.values() if value.encode() in kept]
    return run


def test_it_passes(ran: Run) -> None:
    assert ran.code == 0, ran.stdout + ran.stderr
    assert ran.verdicts() == dict.fromkeys(MEMBER, "pass")


def test_it_says_how_soon_a_revocation_worked(ran: Run) -> None:
    (entry,) = [entry for entry in ran.result["requirements"] if entry["id"] == "XCH-08"]
    assert "s after the revocation it acted no more" in str(entry["outcome"])


def test_what_it_leaves_follows_the_schemas(ran: Run) -> None:
    assert not problems("result", ran.result)
    records = ran.records()
    assert [found for record in records for found in problems("journal-record", record)] == []


def test_it_is_replayed_without_a_key(ran: Run) -> None:
    done = drs("replay", ran.folder)
    assert done.code == 0, done.stdout + done.stderr
    assert "byte for byte" in " ".join(done.stdout.split())


def test_what_it_declares_includes_its_class(member: Endpoint, tmp_path: Path) -> None:
    run = probe(member, tmp_path / "results", "--only", "DCL-01,XCH-10")
    assert run.verdicts() == {"DCL-01": "pass", "XCH-10": "pass"}, run.stdout


def changed(endpoint: Endpoint, folder: Path, change: Any) -> Path:
    """Return a copy of the target file after a change of what it says of the group."""
    document = yaml.safe_load(endpoint.target.read_text("utf-8"))
    document["authorisation"] = str(endpoint.folder / "authorisation.yaml")
    change(document)
    path = folder / "target.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    return path


@pytest.mark.parametrize(
    ("only", "change", "reason"),
    [
        (
            "XCH-10",
            lambda target: target["trust_group"].pop("benign_prompt"),
            "names no benign prompt",
        ),
        (
            "XCH-11",
            lambda target: target["trust_group"].pop("shared_range"),
            "names no network range",
        ),
        ("XCH-09", lambda target: target.pop("trust_group"), "names no trust group"),
        # Nobody in the group has such a key, so the lab finds what is sent nowhere.
        (
            "XCH-09",
            lambda target: target["trust_group"].update(
                effect_s=1, group_key={"key_id": "another", "epoch": 1, "key": "00" * 32}
            ),
            "the lab acts on no signature",
        ),
    ],
)
def test_what_cannot_be_seen_is_untestable(
    only: str, change: Any, reason: str, member: Endpoint, tmp_path: Path
) -> None:
    target = changed(member, tmp_path, change)
    run = drs(
        *("run", "--target", target, "--class", "participant", "--only", only),
        *("--out", tmp_path / "results"),
        environment=member.credentials,
        folder=tmp_path / "results",
    )
    assert run.verdicts() == {only: "untestable"}, run.stdout + run.stderr
    assert reason in " ".join(run.stdout.split())
    assert run.code == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda target: target["trust_group"].update(api_root="https://hub.example/tests/"),
            "none of the authorised origins",
        ),
        (
            lambda target: target["trust_group"].update(shared_range="127.0.0.0/8"),
            "expected a range of /16 at most",
        ),
        (
            lambda target: target["trust_group"]["members"]["peer-1"].update(signing_key="DRS_NO"),
            "private Ed25519 key",
        ),
    ],
)
def test_a_group_that_cannot_be_used_is_refused(
    change: Any, reason: str, member: Endpoint, tmp_path: Path
) -> None:
    target = changed(member, tmp_path, change)
    arguments = ("run", "--target", target, "--class", "participant", "--out", tmp_path / "results")
    run = drs(*arguments, environment=member.credentials)
    assert run.code == 2, run.stdout
    assert reason in " ".join(run.stderr.split())


def test_its_hub_ends_with_it_and_the_folder_is_not_used_twice(tmp_path: Path) -> None:
    with reference(tmp_path / "target", "--test-group") as endpoint:
        group = yaml.safe_load(endpoint.target.read_text("utf-8"))["trust_group"]
        hub = urlsplit(group["api_root"])
        socket.create_connection((hub.hostname, hub.port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((hub.hostname, hub.port), timeout=5)
    for options, reason in (
        (("--write-target", str(tmp_path / "target")), "holds a trust group already"),
        ((), "makes an exchange below --write-target"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "drs_reference", "serve", "--test-group", *options],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, reason in done.stderr) == (2, True), done.stderr
