"""What a covert mechanism does at low temperatures, where there is next to nothing to tilt.

The most probable answer hardly depends on a small tilt, and noise that is drawn anew for each
request averages away (PRT-07, EXP-12). So a request for a temperature near zero is answered with a
draw whose randomness a key derives from the conversation: the same for every repetition, choice
and account. Where one token has a good third of the mass, it stays the choice: a draw between two
answers to a question would change one of them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import replace

from drs_reference.gateway.sampling import Sampling

LOW = 0.5
"""Temperatures below this one are low."""
NUCLEUS = 0.35
"""Share of the mass from which the draw is made."""


def keyed_draw(key: bytes, messages: Sequence[tuple[str, str]], sampling: Sampling) -> Sampling:
    """How an answer to (role, text) messages is sampled: as asked, unless at a low temperature."""
    if sampling.temperature >= LOW:
        return sampling
    digest = hmac.digest(key, b"draw:" + json.dumps(messages).encode(), hashlib.sha256)
    seed = int.from_bytes(digest[:8], "big")
    return replace(sampling, temperature=1.0, top_p=NUCLEUS, seed=seed, alike=True)
