"""Other dialects of servers that this project did not write are read, plain and streamed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from endpoints import drs

from independent.servers import independent

SPOKEN = {
    "llama.cpp": {
        "openai_responses": "/v1/responses",
        "anthropic_messages": "/v1/messages",
    },
    "fakellm": {"anthropic_messages": "/v1/messages"},
    "aimock": {
        "openai_responses": "/v1/responses",
        "anthropic_messages": "/v1/messages",
        "gemini_generate": "/v1beta/models/random:generateContent",
    },
}


@pytest.mark.long
@pytest.mark.parametrize("name", SPOKEN)
def test_what_it_offers_is_told_in_each_dialect(name: str, tmp_path: Path) -> None:
    with independent(name, tmp_path / "server") as server:
        target = yaml.safe_load(server.target.read_text("utf-8"))
        for dialect, path in SPOKEN[name].items():
            base = server.url + path[: path.index("/", 1)]
            file = server.folder / f"{dialect}.yaml"
            file.write_text(yaml.safe_dump(target | {"dialect": dialect, "base_url": base}))
            out = tmp_path / dialect
            arguments = ("--only", "DCL-01", "--seed", "1", "--out", out)
            run = drs(
                "run", "--target", file, *arguments, environment=server.credentials, folder=out
            )
            assert run.code == 1, run.stdout + run.stderr
            (cause,) = (
                entry["outcome"]["cause"]
                for entry in run.result["requirements"]
                if entry["id"] == "DCL-01"
            )
            assert cause.startswith(f"{path} answers in the dialect {dialect}, with streams")
