"""A run goes where it was permitted to go, and nowhere else."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import rfc8785
import yaml
from endpoints import drs
from hostile.answers import CHAT
from hostile.declared import WELL_KNOWN, behind_a_declaration
from hostile.running import CREDENTIALS, assert_sober, run_against
from raw_server import Answers, RawServer

PLAIN = CHAT["a plain answer to everything"]
CONTACT = "mailto:testing@lab.example"


@pytest.fixture
def server() -> Iterator[RawServer]:
    running = RawServer([])
    yield running
    running.stop()


def digest(folder: Path) -> str:
    permit = yaml.safe_load((folder / "authorisation.yaml").read_text())
    return f"sha256:{hashlib.sha256(rfc8785.dumps(permit)).hexdigest()}"


def test_an_authorisation_that_the_target_does_not_list_permits_one_request(
    server: RawServer, tmp_path: Path
) -> None:
    probing = {"contact": CONTACT, "authorisations": ["sha256:" + "0" * 64]}
    server.script.append(behind_a_declaration(PLAIN, probing=probing))
    run = run_against(server.root, tmp_path)
    assert_sober(run)
    assert [seen.line.split()[1] for seen in server.seen] == [WELL_KNOWN]
    assert "authorization" not in server.seen[0].headers
    assert run.with_verdict("untestable")
    # What the declaration alone shows, such as a hook that is not declared, may fail.
    assert all(i.startswith("DCL") for i in run.with_verdict("pass"))
    assert CONTACT in run.stdout
    replayed = drs("replay", run.folder, folder=run.folder)
    assert "byte for byte" in replayed.stdout, replayed.stdout + replayed.stderr


@pytest.mark.parametrize("listed", [True, False])
def test_one_that_it_lists_or_says_nothing_of_permits_the_run(
    listed: bool, server: RawServer, tmp_path: Path
) -> None:
    folder = tmp_path / "first"
    folder.mkdir()
    server.script.append(Answers.response(b"[]"))
    run_against(server.root, folder)
    server.seen.clear()
    more = {"authorisations": [digest(folder)]} if listed else {}
    server.script[:] = [behind_a_declaration(PLAIN, probing={"contact": CONTACT, **more})]
    assert_sober(run_against(server.root, tmp_path))
    assert len(server.seen) > 1


def test_no_proxy_of_the_environment_is_used(server: RawServer, tmp_path: Path) -> None:
    proxy = RawServer([Answers.response(b"{}")])
    server.script.append(behind_a_declaration(PLAIN))
    names = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    run = run_against(server.root, tmp_path, **dict.fromkeys(names, proxy.root), NO_PROXY="")
    proxy.stop()
    assert_sober(run)
    assert proxy.seen == []
    assert server.seen


def test_a_name_of_a_machine_inside_is_wrong_usage(server: RawServer, tmp_path: Path) -> None:
    """And nothing is sent; localhost is a name that says what it is."""
    server.script.append(behind_a_declaration(PLAIN))
    name = socket.gethostname().lower()
    if not socket.gethostbyname(name).startswith(("127.", "10.", "192.168.", "172.")):
        pytest.skip("this machine has no name for an address inside")
    run = run_against(server.root.replace("127.0.0.1", name), tmp_path)
    assert (run.code, server.seen) == (2, [])
    assert "networks" in run.stderr
    assert not run.folder.exists()
    run = run_against(server.root.replace("127.0.0.1", "localhost"), tmp_path)
    assert_sober(run)
    assert server.seen


def test_redirects_are_followed_nowhere(server: RawServer, tmp_path: Path) -> None:
    elsewhere = RawServer([Answers.response(b"{}")])
    location = (("Location", f"{elsewhere.root}/v1/chat/completions"),)
    server.script.append(behind_a_declaration(Answers.response(b"", 307, location)))
    run = run_against(server.root, tmp_path)
    elsewhere.stop()
    assert_sober(run)
    assert elsewhere.seen == []
    assert not any(secret in str(elsewhere.seen) for secret in CREDENTIALS.values())
