"""A weights file that can't be trusted is refused with a sentence that says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drs_reference.model import LanguageModel, WeightsError
from drs_reference.model.decoding import SHIPPED_WEIGHTS
from drs_reference.model.language import GRAMMAR_VERSION
from drs_reference.model.weights import load_weights, save_weights


def test_shipped_weights_are_small_and_of_this_language() -> None:
    metadata, arrays = load_weights(SHIPPED_WEIGHTS)
    assert SHIPPED_WEIGHTS.stat().st_size < 600_000
    assert metadata.grammar_version == GRAMMAR_VERSION
    assert all(array.dtype == np.float16 for array in arrays.values())


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights at"):
        LanguageModel.load(tmp_path / "nothing.npz")


@pytest.mark.parametrize("kept", [0, 100, 0.5, 0.999])
def test_truncated_file(tmp_path: Path, kept: float) -> None:
    content = SHIPPED_WEIGHTS.read_bytes()
    damaged = tmp_path / "weights.npz"
    damaged.write_bytes(content[: int(kept if kept >= 1 else kept * len(content))])
    with pytest.raises(WeightsError, match="damaged"):
        LanguageModel.load(damaged)


@pytest.mark.parametrize("place", [0.25, 0.5, 0.75, 0.998])
def test_flipped_byte(tmp_path: Path, place: float) -> None:
    content = bytearray(SHIPPED_WEIGHTS.read_bytes())
    content[int(place * len(content))] ^= 0xFF
    damaged = tmp_path / "weights.npz"
    damaged.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged"):
        LanguageModel.load(damaged)


def test_missing_array(tmp_path: Path) -> None:
    metadata, arrays = load_weights(SHIPPED_WEIGHTS)
    path = tmp_path / "weights.npz"
    with np.load(SHIPPED_WEIGHTS) as shipped:
        np.savez(path, **{name: shipped[name] for name in shipped.files if name != "head"})
    with pytest.raises(WeightsError, match="head"):
        LanguageModel.load(path)
    with pytest.raises(WeightsError, match="head"):
        save_weights(path, metadata, {k: v for k, v in arrays.items() if k != "head"})


def test_numbers_that_are_not_finite(tmp_path: Path) -> None:
    metadata, arrays = load_weights(SHIPPED_WEIGHTS)
    path = tmp_path / "weights.npz"
    with pytest.raises(WeightsError, match="not finite"):
        save_weights(path, metadata, {**arrays, "head": arrays["head"] * np.float16(np.nan)})


def test_other_vocabulary(tmp_path: Path) -> None:
    metadata, arrays = load_weights(SHIPPED_WEIGHTS)
    path = tmp_path / "weights.npz"
    save_weights(path, replace(metadata, vocabulary_sha256="0" * 64), arrays)
    with pytest.raises(WeightsError, match="another vocabulary"):
        LanguageModel.load(path)


def test_a_saved_file_loads_the_same(tmp_path: Path) -> None:
    metadata, arrays = load_weights(SHIPPED_WEIGHTS)
    path = tmp_path / "weights.npz"
    save_weights(path, metadata, arrays)
    again, same = load_weights(path)
    assert again == metadata
    for name, array in arrays.items():
        np.testing.assert_array_equal(same[name], array)


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_text("git-lfs pointer")
    with pytest.raises(WeightsError, match="damaged"):
        LanguageModel.load(path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(WeightsError, match="damaged"):
        LanguageModel.load(path)
