"""Train the embedded language model from scratch on its synthetic language.

    python reference_impl/training/train_model.py --seed 0 \
        --out reference_impl/drs_reference/model/weights.npz

The same seed, torch build and processor type give the same weights.
"""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from drs_reference.model.language import GRAMMAR_VERSION
from drs_reference.model.network import Config
from drs_reference.model.tokenizer import Tokenizer
from drs_reference.model.training import train
from drs_reference.model.weights import Metadata, save_weights


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    parser.add_argument("--iterations", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=32, help="rows of 128 tokens an iteration")
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=192)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    tokenizer = Tokenizer()
    config = Config(len(tokenizer.vocabulary), layers=arguments.layers, hidden=arguments.hidden)
    started, cpu = time.perf_counter(), time.process_time()
    say = partial(print, flush=True)
    model, loss = train(arguments.seed, config, arguments.iterations, arguments.batch, say=say)
    metadata = Metadata(config, arguments.seed, GRAMMAR_VERSION, tokenizer.digest)
    save_weights(arguments.out, metadata, model.arrays())
    parameters = sum(value.numel() for value in model.parameters())
    print(
        f"{parameters} parameters, final loss {loss:.4f}, {time.perf_counter() - started:.0f} s, "
        f"{time.process_time() - cpu:.0f} CPU-s, {arguments.out.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
