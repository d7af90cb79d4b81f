"""Each account speaks from its own address, and what that cannot tell apart is not judged."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from endpoints import Endpoint, drs
from hostile.answers import CHAT
from hostile.declared import behind_a_declaration
from raw_server import RawServer


def edited(endpoint: Endpoint, folder: Path, root: str, addresses: dict[str, str | None]) -> Path:
    """Copy a target to ``root``; None in ``addresses`` takes a persona's address away."""
    document = yaml.safe_load(endpoint.target.read_text())
    permit = yaml.safe_load((endpoint.folder / "authorisation.yaml").read_text())
    document["base_url"], permit["origins"] = f"{root}/v1", [root]
    for name, address in addresses.items():
        document["personas"][name].pop("source_address")
        if address is not None:
            document["personas"][name]["source_address"] = address
    (folder / "target.yaml").write_text(yaml.safe_dump(document))
    (folder / "authorisation.yaml").write_text(yaml.safe_dump(permit))
    return folder / "target.yaml"


def run(endpoint: Endpoint, target: Path, *arguments: str):
    out = target.parent / "results"
    command = ("run", "--target", target, "--out", out, "--seed", "1", *arguments)
    return drs(*command, environment=endpoint.credentials, folder=out)


def test_the_endpoint_sees_each_account_from_its_own_address(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    server = RawServer([behind_a_declaration(CHAT["a plain answer to everything"])])
    target = edited(endpoint, tmp_path, server.root, {"auditor": "127.0.0.77"})
    run(endpoint, target)
    server.stop()
    personas = yaml.safe_load(target.read_text())["personas"]
    expected = {
        f"Bearer {endpoint.credentials[entry['credential']]}": entry["source_address"]
        for entry in personas.values()
    }
    seen: dict[str, set[str]] = defaultdict(set)
    connections: dict[int, set[str | None]] = defaultdict(set)
    for request in server.seen:
        credential = request.headers.get("authorization")
        connections[request.connection].add(credential)
        if credential is not None:
            seen[credential].add(request.peer)
    assert {expected[credential] for credential in seen} >= {"127.0.0.2", "127.0.0.3"}
    assert seen == {credential: {expected[credential]} for credential in seen}
    assert all(len(accounts) == 1 for accounts in connections.values())


@pytest.mark.parametrize("honest", ["control", "blind-1"])
def test_honest_and_probed_accounts_never_share_an_address(
    honest: str, endpoint: Endpoint, tmp_path: Path
) -> None:
    target = edited(endpoint, tmp_path, endpoint.url, {"control": None})
    document = yaml.safe_load(target.read_text())
    document["personas"][honest] = {"credential": "DRS_CONTROL", "source_address": "127.0.0.3"}
    if honest != "control":
        del document["personas"]["control"]["credential"]
        document["personas"]["control"]["credential"] = "DRS_BLIND"
    target.write_text(yaml.safe_dump(document))
    out = tmp_path / "results"
    credentials = {**endpoint.credentials, "DRS_BLIND": "drs-test-" + "b" * 24}
    done = drs("run", "--target", target, "--out", out, environment=credentials)
    assert done.code == 2
    assert f"speaks from 127.0.0.3 as {honest} does" in done.stderr
    assert not out.exists()


def test_one_group_leaves_honest_accounts_beside_a_campaign_untested(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    personas = yaml.safe_load(endpoint.target.read_text())["personas"]
    target = edited(endpoint, tmp_path, endpoint.url, dict.fromkeys(personas))
    done = run(endpoint, target, "--only", "DET-10")
    assert done.verdicts()["DET-10"] == "untestable"
    assert "source_address" in done.stdout
