"""What an overt mechanism leaves out is no change of what is left, and excuses nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from endpoints import TESTS, mutant, probe, reference

EXAMPLES = TESTS.parents[1] / "schemas/0.1/examples/valid/perturbation-parameters"
ABOUT = ("PRT-01", "PRT-04", "PRT-05", "PRT-06", "REC-01")


def parameters(mechanism: str, folder: Path) -> str:
    """Write a document that applies a mechanism now, and return its path."""
    document = json.loads((EXAMPLES / f"{mechanism}.json").read_bytes())
    document |= {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2126-01-01T00:00:00Z"}
    document["states"] = ["perturbed"]
    path = folder / "parameters.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_an_endpoint_that_leaves_out_steps_passes(tmp_path: Path) -> None:
    written = parameters("step-elision", tmp_path)
    with reference(tmp_path / "target", "--perturbation", written) as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", ",".join(ABOUT))
    assert {run.verdicts()[identifier] for identifier in ABOUT} == {"pass"}, run.stdout
    assert run.code == 0


@pytest.mark.parametrize(
    ("name", "mechanism"),
    [
        ("digits-are-swapped", "step-elision"),
        ("steps-are-left-out-in-secret", "logprob-refusal"),
    ],
)
def test_it_changes_nothing_else(name: str, mechanism: str, tmp_path: Path) -> None:
    written = parameters(mechanism, tmp_path)
    with mutant(name, tmp_path / "target", "--perturbation", written) as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", ",".join(ABOUT))
    assert run.with_verdict("fail") == {"PRT-04"}, run.stdout
