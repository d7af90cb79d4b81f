"""What an auditor checks offline: every file of a run follows from its journal."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import oscal_bindings
import pytest
from endpoints import ENVIRONMENT, FILES, Endpoint, Run, drs, mutant, probe
from pydantic import ValidationError

OSCAL = {
    "catalog": oscal_bindings.CatalogDocument,
    "assessment-plan": oscal_bindings.AssessmentPlanDocument,
    "assessment-results": oscal_bindings.AssessmentResultsDocument,
}


def test_a_run_in_order_verifies_and_says_who_asserts_it(good_run: Run) -> None:
    verified = drs("verify", good_run.folder)
    assert verified.code == 0, verified.stdout
    assert "Self-asserted" in verified.stdout


# Each file by itself takes a minute together; at once they are told apart as well.
EACH = [pytest.param({name}, marks=pytest.mark.long, id=name) for name in sorted(FILES)]


@pytest.mark.parametrize(
    "names", [*EACH, {"journal.jsonl"}, {"result.json"}, FILES - {"journal.jsonl"}]
)
def test_a_flipped_byte_is_found_and_its_file_named(
    names: set[str], good_run: Run, tmp_path: Path
) -> None:
    copy = shutil.copytree(good_run.folder, tmp_path / "copy")
    for name in names:
        flip(copy / name)
    assert named(copy) == names


@pytest.mark.parametrize("names", [{"declaration.json"}, {"result.json", "oscal/catalog.json"}])
def test_a_missing_file_is_named(names: set[str], good_run: Run, tmp_path: Path) -> None:
    copy = shutil.copytree(good_run.folder, tmp_path / "copy")
    for name in names:
        (copy / name).unlink()
    assert named(copy) == names


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def named(folder: Path) -> set[str]:
    """Return the files in which ``drs verify`` finds a fault."""
    verified = drs("verify", folder)
    assert verified.code == 1, verified.stdout + verified.stderr
    return {line.partition(":")[0] for line in verified.stdout.splitlines()}


def test_a_folder_without_a_journal_is_a_usage_fault(tmp_path: Path) -> None:
    assert drs("verify", tmp_path).code == 2


def test_a_killed_run_does_not_verify(endpoint: Endpoint, tmp_path: Path) -> None:
    out = tmp_path / "results"
    arguments = ["run", "--target", endpoint.target, "--out", out]
    running = subprocess.Popen(
        [sys.executable, "-m", "drs_conformance.cli", *arguments],
        env={**ENVIRONMENT, **endpoint.credentials},
        stdout=subprocess.DEVNULL,
    )
    journal = out / "journal.jsonl"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if journal.exists() and journal.read_bytes().count(b"\n") > 20:
            break
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait(timeout=20)
    verified = drs("verify", out)
    assert verified.code == 1
    assert "did not end in order" in verified.stdout


@pytest.mark.parametrize("name", OSCAL)
def test_oscal_files_are_accepted_by_an_independent_reader(name: str, good_run: Run) -> None:
    document = json.loads((good_run.folder / "oscal" / f"{name}.json").read_bytes())
    OSCAL[name].model_validate(document)
    (body,) = document.values()
    body["metadata"].pop("oscal-version")
    with pytest.raises(ValidationError):
        OSCAL[name].model_validate(document)


def test_failures_reach_oscal_and_in_toto(tmp_path: Path) -> None:
    with mutant("declaration-cached-for-a-year", tmp_path / "target") as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", "DCL-08,DCL-02")
    results = json.loads((run.folder / "oscal" / "assessment-results.json").read_bytes())
    OSCAL["assessment-results"].model_validate(results)
    (findings,) = (r["findings"] for r in results["assessment-results"]["results"])
    states = {f["target"]["target-id"]: f["target"]["status"]["state"] for f in findings}
    assert states == {
        "dcl-01_smt": "satisfied",
        "dcl-02_smt": "satisfied",
        "dcl-08_smt": "not-satisfied",
    }
    statement = json.loads((run.folder / "intoto.json").read_bytes())
    assert statement["predicate"]["result"] == "FAILED"
    assert [t[:6] for t in statement["predicate"]["failedTests"]] == ["DCL-08"]
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"


def test_in_toto_names_what_the_run_rests_on(good_run: Run) -> None:
    statement = json.loads((good_run.folder / "intoto.json").read_bytes())
    named = {item["name"] for item in statement["predicate"]["configuration"]}
    assert named == {"suite", "spec", "result", "journal-head"}
    assert statement["predicate"]["result"] == "PASSED"
    assert len(statement["predicate"]["passedTests"]) == len(good_run.verdicts())
