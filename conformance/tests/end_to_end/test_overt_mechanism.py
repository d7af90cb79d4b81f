"""What an overt mechanism leaves out is no change of what is left."""

from __future__ import annotations

import json
from pathlib import Path

from endpoints import TESTS, probe, reference

EXAMPLE = TESTS.parents[1] / "schemas/0.1/examples/valid/perturbation-parameters/step-elision.json"
ABOUT = ("PRT-01", "PRT-04", "PRT-05", "PRT-06", "REC-01")


def test_an_endpoint_that_leaves_out_steps_passes(tmp_path: Path) -> None:
    document = json.loads(EXAMPLE.read_bytes())
    document |= {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2126-01-01T00:00:00Z"}
    parameters = tmp_path / "parameters.json"
    parameters.write_text(json.dumps(document))
    with reference(tmp_path / "target", "--perturbation", str(parameters)) as endpoint:
        run = probe(endpoint, tmp_path / "results", "--only", ",".join(ABOUT))
    assert {run.verdicts()[identifier] for identifier in ABOUT} == {"pass"}, run.stdout
    assert run.code == 0
