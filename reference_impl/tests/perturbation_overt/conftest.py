"""Documents of overt mechanisms, and endpoints that apply them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

UNTOUCHED = (
    *("facts", "numbers", "code", "tool-arguments", "structured-output", "refusals"),
    "safety-text",
)
Document = Callable[..., dict[str, Any]]
Serving = Callable[..., Any]


@pytest.fixture(scope="session")
def document() -> Document:
    """``document(mechanism, parameters, **changes)``: a document that may be applied."""

    def made(mechanism: str, parameters: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return {
            "drs_version": "0.1",
            "id": "pp-1",
            "revision": 1,
            "issuer": "http://127.0.0.1:8000",
            "mechanism": mechanism,
            "class": "overt",
            "surfaces": ["chat"],
            "states": ["perturbed"],
            "unit": "cluster",
            "parameters": parameters,
            "untouched": list(UNTOUCHED),
            "key_ids": [],
            "key_rotation_s": None,
            "kill_switch_s": 1,
            "efficacy_card": "sha256:" + "a1" * 32,
            "valid_from": "2026-01-01T00:00:00Z",
            "valid_until": "2126-01-01T00:00:00Z",
            "approved_by": ["enforcement-7", "inference-2"],
            "proof": {"kid": "declaration-1", "signature": "A" * 85 + "Q"},
            **changes,
        }

    return made


@pytest.fixture(scope="session")
def serving(start: Any, document: Document, tmp_path_factory: pytest.TempPathFactory) -> Serving:
    """``serving(mechanism, parameters, **changes)`` starts an endpoint that applies it."""

    def started(mechanism: str, parameters: dict[str, Any], **changes: Any) -> Any:
        folder: Path = tmp_path_factory.mktemp(mechanism)
        path = folder / "parameters.json"
        path.write_text(json.dumps(document(mechanism, parameters, **changes)))
        return start(folder / "target", "--perturbation", str(path))

    return started


class Perturbed:
    """An account in the state ``perturbed``, whose small quota is renewed before each request."""

    def __init__(self, endpoint: Any, persona: str = "fresh-1") -> None:
        self.endpoint = endpoint
        self.persona = persona
        endpoint.reset(persona)
        for state in ("observed", "throttled", "perturbed"):
            assert endpoint.flag(persona)["state"] == state

    def chat(self, prompt: str, **members: Any) -> Any:
        self.endpoint.advance(self.persona, 61)
        return self.endpoint.chat(self.persona, prompt, **{"max_tokens": 200, **members})

    def text(self, prompt: str, **members: Any) -> str:
        answer = self.chat(prompt, **members)
        assert answer.status_code == 200, answer.text
        content: str = answer.json()["choices"][0]["message"]["content"]
        return content


@pytest.fixture(scope="session")
def perturbed() -> type[Perturbed]:
    return Perturbed
