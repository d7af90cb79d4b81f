"""Reading and writing the weights file: float16 arrays and metadata in one ``.npz``."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drs_reference.model.network import Config

FORMAT = 1
_RETRAIN = "train it with reference_impl/training/train_model.py or reinstall the package"

_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    RuntimeError,  # zipfile, when a flipped bit reads as encryption or an unknown method
    zipfile.BadZipFile,
    zlib.error,
)

Arrays = Mapping[str, NDArray[np.float16]]


class WeightsError(Exception):
    """The weights are missing, damaged or made for something else; the message says which."""


@dataclass(frozen=True)
class Metadata:
    """What a weights file says of itself."""

    config: Config
    seed: int
    grammar_version: str
    vocabulary_sha256: str


def save_weights(path: Path, metadata: Metadata, arrays: Arrays) -> None:
    """Write ``path``. Raises ``WeightsError`` if names or shapes do not fit the configuration."""
    _check_shapes(path, metadata.config, arrays)
    header = {
        "format": FORMAT,
        "config": metadata.config.as_dict(),
        "seed": metadata.seed,
        "grammar_version": metadata.grammar_version,
        "vocabulary_sha256": metadata.vocabulary_sha256,
    }
    text = np.frombuffer(json.dumps(header, sort_keys=True).encode(), np.uint8)
    named: dict[str, Any] = {"metadata": text, **arrays}
    with path.open("wb") as file:
        np.savez_compressed(file, **named)


def load_weights(path: Path) -> tuple[Metadata, Arrays]:
    """Metadata and arrays of ``path``. Raises ``WeightsError``."""
    if not path.is_file():
        raise WeightsError(f"no weights at {path}: {_RETRAIN}")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays.pop("metadata").tobytes())
        if header["format"] != FORMAT:
            raise WeightsError(f"{path} has format {header['format']}, expected {FORMAT}")
        metadata = Metadata(
            Config(**header["config"]),
            header["seed"],
            header["grammar_version"],
            header["vocabulary_sha256"],
        )
    except _DAMAGE as error:
        raise WeightsError(f"{path} is damaged ({error}): {_RETRAIN}") from error
    _check_shapes(path, metadata.config, arrays)
    return metadata, arrays


def _check_shapes(path: Path, config: Config, arrays: Arrays) -> None:
    expected = config.shapes()
    found = {name: array.shape for name, array in arrays.items()}
    if found != expected:
        wrong = sorted(name for name, _ in set(expected.items()) ^ set(found.items()))
        raise WeightsError(f"{path} has missing, extra or misshapen arrays {wrong}: {_RETRAIN}")
    broken = sorted(name for name, array in arrays.items() if not np.isfinite(array).all())
    if broken:
        raise WeightsError(f"{path} holds numbers that are not finite in {broken}: {_RETRAIN}")
