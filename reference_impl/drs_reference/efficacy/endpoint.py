"""The reference endpoint as the harvester meets it, in a process of its own.

It differs from `drs-reference serve` in what the lab has to hold still: every ordinary account is
under the measure ``perturb``, no quota runs out, and no traffic becomes evidence.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from drs_reference.detection import live
from drs_reference.detection.detector import Calibration
from drs_reference.efficacy.conditions import CONDITIONS, Condition, key_of, suspected
from drs_reference.gateway.accounts import Accounts
from drs_reference.gateway.credentials import blind, fresh_credentials, variable
from drs_reference.gateway.declaration import MODEL_NAME, REASONING_MODEL_NAME
from drs_reference.gateway.limiter import Limiter, Policy
from drs_reference.gateway.live_detection import LiveDetection
from drs_reference.gateway.parts import Parts
from drs_reference.gateway.serve import ServeOptions, run
from drs_reference.gateway.surfaces import SURFACES
from drs_reference.model import LanguageModel
from drs_reference.response.procedure import Account

__all__ = ["Endpoint", "EndpointError", "serving"]

_STOP_S = 10


class EndpointError(Exception):
    """The endpoint did not start; the message holds what it said."""


class _Suspects(Accounts):
    def current(self, name: str) -> Account | None:
        account = super().current(name)
        if account is None or account.persona is not None:
            return account
        return replace(account, measures=suspected(account.id).measures)


class _Unwatched(LiveDetection):
    def watch(self, *arguments: object) -> None:
        """Take nothing in."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where chat completions are asked for, which model, and the keys of the harvester.

    ``control`` is the key of an account in good standing.
    """

    url: str
    model: str
    keys: tuple[str, ...]
    control: str = ""


def altered(parts: Parts, condition: Condition, seed: int, teacher: Path) -> Parts:
    """The parts of an endpoint under a condition."""
    unbounded = Policy("unbounded", 10**9, 60)
    return replace(
        parts,
        model=LanguageModel.load(teacher),
        perturbation=condition.perturbation(key_of(condition.name, seed)),
        limiter=Limiter(unbounded, unbounded),
        live_detection=_Unwatched(Calibration.read(live.CALIBRATION), 1.0),
        accounts=_Suspects,
    )


@contextmanager
def serving(condition: Condition, seed: int, teacher: Path, accounts: int) -> Iterator[Endpoint]:
    """An endpoint that runs until the block is left. Raises ``EndpointError``."""
    with tempfile.TemporaryDirectory(prefix="drs-efficacy-") as name:
        folder = Path(name)
        keys = fresh_credentials(accounts)
        credentials = folder / "credentials.env"
        credentials.touch(0o600)
        lines = (f"{variable(name)}={key}\n" for name, key in keys.items())
        credentials.write_text("".join(lines), "ascii")
        log = folder / "log"
        command = [sys.executable, "-m", __spec__.name, condition.name, str(seed), str(teacher)]
        with log.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [*command, str(credentials), str(accounts)],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
        with process:
            assert process.stdout is not None
            try:
                line = process.stdout.readline()
                if not line:
                    raise EndpointError(f"the endpoint did not start: {log.read_text('utf-8')}")
                surface = next(
                    surface
                    for surface in SURFACES
                    if surface.dialect == "openai_chat" and surface.withholds == condition.withholds
                )
                yield Endpoint(
                    json.loads(line)["url"] + surface.path,
                    REASONING_MODEL_NAME if condition.withholds else MODEL_NAME,
                    tuple(keys[name] for name in blind(accounts)),
                    keys["control"],
                )
            finally:
                process.terminate()
                try:
                    process.wait(_STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()


def main(arguments: Sequence[str]) -> int:
    """Serve: condition, seed, weights of the teacher, credentials, number of accounts."""
    name, seed, teacher, credentials, accounts = arguments
    options = ServeOptions(credentials=Path(credentials), accounts=int(accounts))
    condition = CONDITIONS[name]
    return run(options, lambda parts: altered(parts, condition, int(seed), Path(teacher)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
