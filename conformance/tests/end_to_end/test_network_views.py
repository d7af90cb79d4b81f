"""Each account speaks from its own address, and what that cannot tell apart is not judged."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
import yaml
from endpoints import TESTS, Endpoint, drs, probe, serving


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


def test_the_endpoint_sees_each_account_from_its_own_address(tmp_path: Path) -> None:
    """Over a whole run with blind accounts, and on connections of its own."""
    noted = tmp_path / "seen.txt"
    command = [sys.executable, TESTS / "network_view.py", noted]
    with serving(command, tmp_path / "target") as endpoint:
        done = probe(endpoint, tmp_path / "results")
    assert not done.with_verdict("fail"), done.stdout
    personas = yaml.safe_load(endpoint.target.read_text())["personas"]
    expected = {
        digest(f"Bearer {endpoint.credentials[entry['credential']]}"): entry["source_address"]
        for entry in personas.values()
    }
    expected[digest("")] = "127.0.0.1"
    seen = {tuple(line.split()) for line in noted.read_text().splitlines()}
    assert {(credential, host) for host, _, credential in seen} <= set(expected.items())
    assert len({credential for _, _, credential in seen}) > 10
    assert len({(host, port) for host, port, _ in seen}) == len(seen)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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
