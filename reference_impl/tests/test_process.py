"""The server as a process: target files, restart, kill, signals, logs, options."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from drs_reference.gateway.target_files import bindable

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "reference_impl")}


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "drs_reference", *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        env={**ENVIRONMENT, **environment},
    )


def test_the_target_files_lead_to_the_server(endpoint: Any) -> None:
    target = yaml.safe_load((endpoint.folder / "target.yaml").read_text("utf-8"))
    assert target["base_url"] == endpoint.url + "/v1"
    declaration = endpoint.call(None, "GET", "/.well-known/distillation-resistance").json()
    assert target["trusted_key"] == declaration["keys"][0]["public_key"]
    permit = yaml.safe_load((endpoint.folder / target["authorisation"]).read_text("utf-8"))
    assert permit["origins"] == [endpoint.url]
    begin, end = (datetime.fromisoformat(permit[n]) for n in ("not_before", "expires_at"))
    assert begin <= datetime.now(UTC)
    assert end - begin == timedelta(days=7)
    assert target["personas"].keys() == endpoint.keys.keys()
    credentials = endpoint.folder / "credentials.env"
    assert credentials.stat().st_mode & 0o777 == 0o600
    names = [line.partition("=")[0] for line in credentials.read_text().splitlines()]
    assert [persona["credential"] for persona in target["personas"].values()] == names
    assert len(set(endpoint.keys.values())) == len(endpoint.keys)
    assert all(key.startswith("drs-test-") and len(key) >= 41 for key in endpoint.keys.values())


def test_the_target_files_fulfil_their_schemas(endpoint: Any, conforms: Any) -> None:
    for name in ("target", "authorisation"):
        conforms(name, yaml.safe_load((endpoint.folder / f"{name}.yaml").read_text("utf-8")))


def test_source_addresses_are_apart_and_usable(endpoint: Any) -> None:
    target = yaml.safe_load((endpoint.folder / "target.yaml").read_text("utf-8"))
    addresses = {n: p.get("source_address") for n, p in target["personas"].items()}
    if None in addresses.values():
        assert set(addresses.values()) == {None}
        assert not all(bindable(f"127.0.0.{i}") for i in (2, 3, 4))
        return
    assert addresses["control"] not in [a for n, a in addresses.items() if n != "control"]
    for persona, address in addresses.items():
        transport = httpx.HTTPTransport(local_address=address)
        headers = {"Authorization": f"Bearer {endpoint.keys[persona]}"}
        with httpx.Client(transport=transport, headers=headers) as client:
            assert client.get(endpoint.url + "/drs/v1/account").status_code == 200


def test_a_restart_keeps_standing_cases_appeals_and_key(start: Any, tmp_path: Path) -> None:
    folder, storage = tmp_path / "target", f"sqlite:///{tmp_path / 'state.sqlite'}"
    first = start(folder, "--storage", storage)
    for _ in range(2):
        case = first.flag("fresh-1")["case"]
    first.advance("fresh-1", 1000)
    request = {"case": case, "statement": "Look again."}
    answer = first.call("fresh-1", "POST", "/drs/v1/appeals", json=request)
    standing, record = first.standing("fresh-1"), first.case(case)
    declared = first.call(None, "GET", "/.well-known/distillation-resistance").json()
    first.process.kill()
    first.process.wait()
    again = start(folder, "--storage", storage, "--credentials", str(folder / "credentials.env"))
    assert again.keys == first.keys
    assert again.standing("fresh-1") == standing
    assert again.case(case) == record
    assert again.call("fresh-1", "GET", answer.headers["location"]).json() == answer.json()
    state = again.call("auditor", "GET", "/drs/v1/test/personas/fresh-1").json()
    assert state["clock_offset_s"] == 1000
    assert (
        again.call(None, "GET", "/.well-known/distillation-resistance").json()["keys"]
        == declared["keys"]
    )
    assert again.stop() == 0


def test_it_stops_cleanly_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "drs_reference", "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**ENVIRONMENT, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert httpx.get(ready["url"] + "/.well-known/distillation-resistance").status_code == 200
    assert list(tmp_path.iterdir())
    process.terminate()
    output, log = process.communicate(timeout=10)
    assert process.returncode == 0
    assert output == ""
    assert "Traceback" not in log
    assert list(tmp_path.iterdir()) == []


def test_logs_tell_neither_content_nor_credentials(endpoint: Any, fresh: str) -> None:
    endpoint.chat(fresh, "A very private sentence.", user="private-person")
    endpoint.call(fresh, "GET", f"/v1/models?key={endpoint.keys[fresh]}")
    endpoint.call(fresh, "GET", f"/v1/{endpoint.keys[fresh]}")
    log = endpoint.log
    assert "POST /v1/chat/completions 200" in log
    assert "private" not in log
    assert not any(key in log for key in endpoint.keys.values())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--storage", "redis://x"), "sqlite:///FILE"),
        (("--storage", "sqlite:////nowhere/at/all.sqlite"), "/nowhere/at/all.sqlite"),
        (("--credentials", "/nowhere.env"), "/nowhere.env"),
        (("--write-target", "/proc/nowhere"), "/proc/nowhere"),
        (("--host", "203.0.113.7"), "203.0.113.7"),
        (("--port", "70000"), "0 to 65535"),
    ],
)
def test_what_cannot_start_says_why(arguments: tuple[str, ...], said: str) -> None:
    done = command("serve", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = command("serve", "--port", port)
    assert done.returncode == 2
    assert port in done.stderr


def test_a_missing_extra_says_how_to_install_it(tmp_path: Path) -> None:
    """An import hook makes uvicorn unimportable in the process, as if it were not installed."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['uvicorn'] = None\n")
    path = f"{tmp_path}{os.pathsep}{ROOT / 'reference_impl'}"
    done = command("serve", PYTHONPATH=path)
    assert done.returncode == 2
    assert "distillation-resistance-standard[reference]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert command("--version", PYTHONPATH=path).returncode == 0


def test_credentials_need_every_persona(endpoint: Any, tmp_path: Path) -> None:
    lines = (endpoint.folder / "credentials.env").read_text("utf-8").splitlines()
    same = lines[1].partition("=")[0] + "=" + lines[0].partition("=")[2]
    for wrong, said in (
        (lines[1:], "DRS_CONTROL"),
        ([lines[0][:30], *lines[1:]], "DRS_CONTROL"),
        ([lines[0], same, *lines[2:]], "same key"),
    ):
        (tmp_path / "credentials.env").write_text("\n".join(wrong))
        done = command("serve", "--credentials", str(tmp_path / "credentials.env"))
        assert done.returncode == 2
        assert said in done.stderr


def test_parts_can_be_replaced_in_a_process_of_their_own(tmp_path: Path) -> None:
    """How an endpoint that breaks one promise is made."""
    script = """
import dataclasses, sys
from drs_reference.gateway.limiter import Limiter
from drs_reference.gateway.serve import ServeOptions, run

class Generous(Limiter):
    def policy(self, account):
        return self.default

def wrap(app):
    async def other(scope, receive, send):
        if scope["type"] == "http" and scope["path"] == "/hidden":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
        else:
            await app(scope, receive, send)
    return other

sys.exit(run(ServeOptions(), lambda p: dataclasses.replace(p, limiter=Generous()), wrap))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    assert httpx.get(url + "/hidden").status_code == 204
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_credentials_need_every_ordinary_account(endpoint: Any) -> None:
    keys = str(endpoint.folder / "credentials.env")
    refused = command("serve", "--credentials", keys, "--accounts", "1")
    assert refused.returncode == 2
    assert "DRS_BLIND_1" in refused.stderr


@pytest.mark.parametrize("number", ["-1", "100", "two", "1.5"])
def test_there_are_0_to_99_ordinary_accounts(number: str) -> None:
    refused = command("serve", f"--accounts={number}")
    assert refused.returncode == 2
    assert "from 0 to 99" in refused.stderr
