"""The numpy inference computes the network that torch trained, and training is reproducible."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
from drs_reference.model import LanguageModel
from drs_reference.model.decoding import SHIPPED_WEIGHTS
from drs_reference.model.language import draw_sample
from drs_reference.model.prompt import render
from drs_reference.model.weights import load_weights

torch = pytest.importorskip(
    "torch", reason="torch is not installed: numpy inference is NOT compared with training"
)
TRAINING = Path(__file__).resolve().parents[2] / "training"


def test_numpy_logits_equal_torch_logits(model: LanguageModel) -> None:
    torch_network = importlib.import_module("drs_reference.model.torch_network")

    metadata, arrays = load_weights(SHIPPED_WEIGHTS)
    trained = torch_network.TorchModel(metadata.config)
    trained.load_arrays(dict(arrays))
    rng = Random(5)
    for _ in range(20):
        sample = draw_sample(rng)
        tokens = render(model.tokenizer, sample.messages) + model.tokenizer.encode(sample.answer)
        tokens = tokens[: model.context]
        with torch.no_grad():
            expected = trained(torch.tensor([tokens]))[0].numpy()
        _, found = model.network.prefill(tokens)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_training_twice_gives_the_same_file(tmp_path: Path) -> None:
    files = [tmp_path / "a.npz", tmp_path / "b.npz"]
    command = [sys.executable, str(TRAINING / "train_model.py"), "--iterations=2", "--batch=2"]
    running = [
        subprocess.Popen(
            [*command, "--seed=3", f"--out={file}"],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        for file in files
    ]
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert LanguageModel.load(files[0]).metadata.seed == 3
    assert files[0].read_bytes() == files[1].read_bytes()
