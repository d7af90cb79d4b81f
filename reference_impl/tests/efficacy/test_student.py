"""Students learn what they are shown, the same each time; without torch the extra is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drs_reference.efficacy import corpus, tasks
from drs_reference.efficacy.student import Recipe, Weights, accuracy, train_student
from drs_reference.model.decoding import SHIPPED_WEIGHTS
from drs_reference.model.weights import load_weights

pytest.importorskip("torch", reason="torch is not installed: students are NOT trained")
SMALL = Recipe(width=32, layers=1, hidden=32, base_iterations=3, rows=2, epochs=1, batch=8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return Weights(tmp_path_factory.mktemp("cache"), SMALL)


def test_a_base_is_trained_once_and_by_its_recipe(weights: Weights) -> None:
    path = weights.base(1)
    before = path.stat().st_mtime_ns
    assert weights.base(1) == path
    assert path.stat().st_mtime_ns == before
    metadata, _ = load_weights(path)
    assert (metadata.seed, metadata.config.width) == (1, 32)
    other = Recipe(width=32, layers=1, hidden=48, base_iterations=1, rows=1)
    assert Weights(weights.folder, other).base(1) != path
    assert weights.teacher(0) == SHIPPED_WEIGHTS


def test_the_same_corpus_and_seed_give_the_same_student(weights: Weights) -> None:
    learnt = [corpus.Response(sample, sample.answer) for sample in corpus.prompts(0, 20)]
    tokens = [1, 7, 9]
    laws = [
        train_student(weights.base(1), part, SMALL, seed).network.prefill(tokens)[1]
        for part, seed in ((learnt, 0), (learnt, 0), (learnt, 1), (learnt[:10], 0))
    ]
    np.testing.assert_array_equal(laws[0], laws[1])
    assert not np.array_equal(laws[0], laws[2])
    assert not np.array_equal(laws[0], laws[3])


def test_a_student_learns_by_heart_what_it_is_shown_often(weights: Weights) -> None:
    (sample,) = corpus.test_questions(0, 1)
    recipe = Recipe(width=32, layers=1, hidden=32, base_iterations=3, rows=2, epochs=60, batch=4)
    shown = [corpus.Response(sample, f" The answer is {tasks.conclusion(sample.answer)}.")]
    assert accuracy(train_student(weights.base(1), [], recipe, 0), [sample]) == 0
    assert accuracy(train_student(weights.base(1), shown * 4, recipe, 0), [sample]) == 1


def test_without_torch_the_extra_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "torch.py"
    blocked.write_text('raise ModuleNotFoundError("no torch", name="torch")\n', "ascii")
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-m", "drs_reference", "efficacy", "--out", str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "drs-reference: torch is missing; install it with "
        "pip install 'distillation-resistance-standard[reference,training]'\n"
    )
    assert not (tmp_path / "out").exists()
