"""The benchmark of output perturbation: a little of everything, and that goals can be missed."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from drs_reference.model import LanguageModel
from drs_reference.standard import registry

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "perturbation.py"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("perturbation") / "perturbation.json"
    command = [sys.executable, BENCHMARK, "--quick", "--jobs", "2", "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    # So few responses say little: only that something was changed may not come out.
    assert "changed" not in done.stdout.partition("MISSED")[2], done.stdout
    assert out.exists(), done.stderr
    return json.loads(out.read_text("utf-8"))


def test_every_active_mechanism_is_measured(document: Any) -> None:
    active = [entry for entry in registry("mechanisms")["entries"] if entry["status"] == "active"]
    covert = {entry["id"] for entry in active if entry["class"] == "covert"}
    assert {row["mechanism"] for row in document["budgets"]} == covert
    assert {row["mechanism"] for row in document["votes"]} == covert
    assert {row["mechanism"] for row in document["invariants"]} == {entry["id"] for entry in active}


def test_goals_can_be_missed(document: Any) -> None:
    import perturbation

    before = set(perturbation.misses(document))
    worse = copy.deepcopy(document)
    worse["budgets"][0]["one key"]["exact"] = {"mean": 5.0, "error": 0.01}
    worse["invariants"][0]["changed"]["facts"] = 2
    worse["invariants"][1]["right"]["code"]["perturbed"] -= 1
    worse["votes"][0]["voted"] = 2.0
    missed = "\n".join(set(perturbation.misses(worse)) - before)
    for part in ("5.0000 nats", "do not agree", "2 answers with changed facts", "points", "a vote"):
        assert part in missed


def test_a_remembered_model_is_the_model() -> None:
    from perturbed.remembered import Remembered

    model = LanguageModel.load()
    remembered = Remembered(model)
    messages = [("user", "What is 12 + 34?")]
    tokens = model.tokenizer.encode("Ones: 2+4=6")
    for order in (tokens, tokens[:2] + tokens[:1], tokens):
        plain, known = model.start(messages), remembered.start(messages)
        for token in order:
            assert (plain.logits() == known.logits()).all()
            plain.push(token)
            known.push(token)
        twin = known.fork()
        twin.push(tokens[0])
        assert (plain.logits() == known.logits()).all()
        assert known.prompt_tokens == plain.prompt_tokens
