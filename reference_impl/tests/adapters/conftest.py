"""A network of transformers made on the spot: it counts where it is asked to, and babbles else."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest

NUMBERS = [*"12345678"]
ANIMALS = [f"animal-{letter}" for letter in "abcdefghijklmnop"]
NAMES = ["<end>", "<pad>", "<user>", "<assistant>", "count", "babble", *NUMBERS, *ANIMALS]
TEMPLATE = "{% for m in messages %}<{{ m.role }}> {{ m.content }} {% endfor %}<assistant>"
UNUSED = 2
"""Logits of no token, as many models have them."""


GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "own-stack.md"


@pytest.fixture(scope="session")
def own_stack() -> list[str]:
    """The examples of the guide, as they stand there."""
    return re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.M | re.S)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    import tokenizers
    import transformers

    words = tokenizers.models.WordLevel(
        {name: number for number, name in enumerate(NAMES)}, unk_token="<pad>"
    )
    rules = tokenizers.Tokenizer(words)
    rules.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=rules, eos_token="<end>", pad_token="<pad>"
    )
    made.chat_template = TEMPLATE
    return made


@pytest.fixture(scope="session")
def network(tokenizer: Any) -> Any:
    """Trained for a few seconds: after `count` one answer is right, after `babble` any animals."""
    import torch
    import transformers

    torch.manual_seed(1)
    torch.set_num_threads(1)
    config = transformers.GPT2Config(
        vocab_size=len(NAMES) + UNUSED,
        n_positions=64,
        n_embd=32,
        n_layer=2,
        n_head=2,
        resid_pdrop=0,
        embd_pdrop=0,
        attn_pdrop=0,
        eos_token_id=0,
        pad_token_id=1,
        bos_token_id=None,
    )
    made = transformers.GPT2LMHeadModel(config)
    optimiser, random = torch.optim.AdamW(made.parameters(), lr=1e-2), Random(2)
    counted = " ".join(["<user> count <assistant>", *NUMBERS, *["<end>"] * 16])
    for _ in range(60):
        babbled = (" ".join(random.choices(ANIMALS, k=24)) for _ in range(8))
        texts = [counted, counted, *(f"<user> babble <assistant> {text}" for text in babbled)]
        ids = torch.tensor([tokenizer.encode(text) for text in texts])
        loss = made(input_ids=ids, labels=ids).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return made.eval()
