"""What the suite itself costs: requests a second beside bare httpx, and memory over a long run.

Speed: both send the same small POST to a server on loopback, in a process of its own, that answers
at once; one after the other, and eight at a time (`Ledger.send_many`, and tasks of one client).
Rounds of each take turns; the ratio is the median over the rounds. Bare httpx is the client that
serves concurrency, `AsyncClient`, and for one at a time also the plain `Client`. The journal lies
in memory, so that what is measured is the suite, and once more on the disk, which has to make
every intent durable.

Memory: the most that a process held resident which sent so many requests through the bench of a
check, closed its journal, verified it and read back what reports need.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from drs_conformance.checks.lab import Lab
from drs_conformance.checks.session import Session
from drs_conformance.checks.subject import Subject
from drs_conformance.ledger import Ledger, WireRequest, verify_journal
from drs_conformance.profiles import PROFILES
from drs_conformance.reports.folder import read_exchanges
from drs_conformance.target import load_target
from operating import ROOT, commit

ROUNDS = 9
REQUESTS = 240
CONCURRENCY = (1, 8)
EXCHANGES = (10_000, 50_000, 100_000)
LANE = 1000
MEMORY = Path("/dev/shm")
RESULT = ROOT / "docs" / "measurements" / "suite.json"
FIELDS = (("Content-Type", "application/json"),)
BODY = b'{"model":"m","messages":[{"role":"user","content":"What is 12 + 30?"}],"max_tokens":1}'
ANSWER = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"%s"}}]}' % (b"42 " * 300)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


class _Echo(asyncio.Protocol):
    """Answers each POST as soon as it is whole."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        if end and len(rest) >= length:
            self._buffer = rest[length:]
            self._transport.write(HEAD % len(ANSWER) + ANSWER)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def _ledger(folder: Path, root: str, most: int) -> Ledger:
    bounds = (
        "{max_requests: 1000000, max_output_tokens: 0, max_cost_usd: 0, "
        f"max_concurrency: {most}}}\n"
    )
    folder.mkdir()
    (folder / "authorisation.yaml").write_text(
        'drs_version: "0.1"\nissued_by: Benchmark\ncontact: mailto:bench@lab.example\n'
        f"origins: ['{root}']\nnot_before: '2020-01-01T00:00:00Z'\n"
        f"expires_at: '2099-01-01T00:00:00Z'\nbounds: {bounds}"
    )
    personas = ", ".join(f"fresh-{n}: {{credential: BENCH_{n}}}" for n in range(1, 13))
    (folder / "target.yaml").write_text(
        f'drs_version: "0.1"\nname: Benchmark\nbase_url: {root}/v1\ndialect: openai_chat\n'
        f"model: m\nauthorisation: authorisation.yaml\nbudget: {bounds}"
        f"personas: {{control: {{credential: BENCH_0}}, {personas}}}\n"
    )
    keys = {f"BENCH_{n}": f"bench-key-{n:02d}-{os.urandom(16).hex()}" for n in range(13)}
    return Ledger.record(folder / "run", load_target(folder / "target.yaml", keys), {})


def _rate(send: Callable[[], object]) -> float:
    began = time.perf_counter()
    send()
    return REQUESTS / (time.perf_counter() - began)


def _through(ledger: Ledger, most: int) -> float:
    request = WireRequest("POST", "/v1/x", "control", FIELDS, BODY)
    if most > 1:
        return _rate(lambda: ledger.send_many("bench", [request] * REQUESTS))
    return _rate(lambda: [ledger.send("bench", request) for _ in range(REQUESTS)])


def _plain(root: str) -> float:
    with httpx.Client(base_url=root) as client:
        client.post("/v1/x", content=BODY)
        return _rate(lambda: [client.post("/v1/x", content=BODY) for _ in range(REQUESTS)])


def _bare(root: str, most: int) -> float:
    async def send() -> float:
        async with httpx.AsyncClient(base_url=root) as client:

            async def worker(share: int) -> None:
                for _ in range(share):
                    await client.post("/v1/x", content=BODY)

            await asyncio.gather(*(worker(1) for _ in range(most)))
            began = time.perf_counter()
            await asyncio.gather(*(worker(REQUESTS // most) for _ in range(most)))
            return REQUESTS / (time.perf_counter() - began)

    return asyncio.run(send())


def _speed(root: str, place: Path) -> dict[str, dict[str, float]]:
    table = {}
    for most in CONCURRENCY:
        bare = {"AsyncClient": partial(_bare, root, most)}
        if most == 1:
            bare["Client"] = partial(_plain, root)
        with tempfile.TemporaryDirectory(dir=place) as name:
            ledger = _ledger(Path(name) / "bench", root, most)
            _through(ledger, most)
            rounds = [
                (_through(ledger, most), *(rate() for rate in bare.values())) for _ in range(ROUNDS)
            ]
            ledger.close("completed")
        ours, *theirs = zip(*rounds, strict=True)
        row: dict[str, float] = {"ledger_per_s": round(statistics.median(ours))}
        for client, rates in zip(bare, theirs, strict=True):
            ratios = [mine / other for mine, other in zip(ours, rates, strict=True)]
            row[f"{client}_per_s"] = round(statistics.median(rates))
            row[f"ratio_to_{client}"] = round(statistics.median(ratios), 3)
        table[str(most)] = row
    return table


def _long_run(root: str, exchanges: int) -> float:
    """Return the most MB that were resident."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        folder = Path(name) / "bench"
        ledger = _ledger(folder, root, 1)
        started_at = ledger.header["started_at"]
        subject = Subject.from_header(ledger.header | {"run": {"trusted_key": None}})
        session = Session(ledger, subject, PROFILES["smoke"], 1, "0.1", started_at)
        for number in range(exchanges // LANE):
            lab = Lab(session, f"lane-{number}")
            for _ in range(LANE):
                lab.post("/v1/x", json.loads(BODY))
        session.leading_to(lab.sent.last)
        ledger.close("completed")
        assert verify_journal(folder / "run" / "journal.jsonl").exchanges == exchanges
        read_exchanges(folder / "run", {"requirements": []})
    # Not getrusage: its figure begins at what the parent held.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _memory(root: str) -> dict[str, float]:
    table = {}
    for exchanges in EXCHANGES:
        command = [sys.executable, __file__, "--exchanges", str(exchanges), "--root", root]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        table[str(exchanges)] = round(float(done.stdout), 1)
    return table


def main() -> None:
    """Print the tables; with --record measure memory too and write both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--exchanges", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--root", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(_serve())
    if options.exchanges:
        print(_long_run(options.root, options.exchanges))
        return
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        root = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        table: dict[str, Any] = {
            "command": "make bench-suite",
            "commit": commit(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "journal_in_memory": _speed(root, MEMORY),
            "journal_on_disk": _speed(root, ROOT),
        }
        if options.record:
            table["resident_mb"] = _memory(root)
            RESULT.write_text(json.dumps(table, indent=1) + "\n")
        print(json.dumps(table, indent=1))
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
