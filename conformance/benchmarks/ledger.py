"""What the ledger costs: requests a second through it, beside bare httpx in the same run.

Both send the same small POST, one after the other, over one kept-alive connection, to a server on
loopback that answers at once. Rounds of both take turns, and the medians are compared.
"""

from __future__ import annotations

import http.server
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from drs_conformance.ledger import Ledger, WireRequest
from drs_conformance.target import load_target

ROUNDS = 7
REQUESTS = 200
BODY = b'{"model":"m","messages":[{"role":"user","content":"What is 12 + 30?"}],"max_tokens":1}'
ANSWER = b'{"choices":[{"index":0,"message":{"role":"assistant","content":"42"}}]}'


class _Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: object) -> None:
        pass


def _target(folder: Path, root: str) -> Path:
    (folder / "authorisation.yaml").write_text(
        f'drs_version: "0.1"\nissued_by: Benchmark\ncontact: mailto:bench@lab.example\n'
        f"origins: ['{root}']\nnot_before: '2020-01-01T00:00:00Z'\n"
        "expires_at: '2099-01-01T00:00:00Z'\n"
        "bounds: {max_requests: 100000, max_output_tokens: 0, max_cost_usd: 0, "
        "max_concurrency: 1}\n"
    )
    (folder / "target.yaml").write_text(
        f'drs_version: "0.1"\nname: Benchmark\nbase_url: {root}/v1\ndialect: openai_chat\n'
        "model: m\nauthorisation: authorisation.yaml\n"
        "personas: {control: {credential: BENCH_KEY}}\n"
        "budget: {max_requests: 100000, max_output_tokens: 0, max_cost_usd: 0}\n"
    )
    return folder / "target.yaml"


def _rate(send: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(REQUESTS):
        send()
    return REQUESTS / (time.perf_counter() - began)


def main() -> None:
    """Print the two rates and their ratio."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://127.0.0.1:{server.server_address[1]}"
    with tempfile.TemporaryDirectory() as name, httpx.Client(base_url=root) as client:
        folder = Path(name)
        target = load_target(_target(folder, root), {"BENCH_KEY": "bench-key-of-some-length"})
        ledger = Ledger.record(folder / "run", target, {})
        request = WireRequest(
            "POST", "/v1/x", "control", (("Content-Type", "application/json"),), BODY
        )
        through, bare = [], []
        for _ in range(ROUNDS):
            through.append(_rate(lambda: ledger.send("bench", request)))
            bare.append(_rate(lambda: client.post("/v1/x", content=BODY)))
        ledger.close("completed")
    server.shutdown()
    ours, theirs = statistics.median(through), statistics.median(bare)
    print(f"ledger {ours:7.0f} requests/s   two durable records each, redaction, hash chain")
    print(f"httpx  {theirs:7.0f} requests/s   bare client")
    print(f"ratio  {ours / theirs:7.2f}")


if __name__ == "__main__":
    main()
