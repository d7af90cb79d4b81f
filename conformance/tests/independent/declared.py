"""A signed declaration in front of a server that knows of none: what a lab may have at first."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from endpoints import Endpoint

from independent.servers import MODEL, SURFACES, target

WELL_KNOWN = "/.well-known/distillation-resistance"
SMALLEST = Path(__file__).parents[3] / "schemas/0.1/examples/valid/declaration/smallest.json"
PAYLOAD_TYPE = b"application/vnd.drs.declaration+json"
# These belong to one connection and are not passed on.
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


def declaration(origin: str, dialect: str) -> dict[str, Any]:
    """Return the schema's smallest example for ``origin``, signed now, with one surface."""
    now = datetime.now(UTC)
    key = Ed25519PrivateKey.generate()
    document: dict[str, Any] = json.loads(SMALLEST.read_bytes())
    del document["proof"]
    document |= {
        "issuer": origin,
        "issued_at": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        "expires_at": f"{now + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}",
        "surfaces": [
            {
                "id": "first",
                "dialect": dialect,
                "path": SURFACES[dialect][1],
                "models": [MODEL],
                "streaming": True,
                "bounds": {"top_logprobs_max": 20, "logprob_decimals": 6, "choices_max": 4},
            }
        ],
        "keys": [
            {
                "kid": "first",
                "alg": "Ed25519",
                "public_key": _base64(key.public_key().public_bytes_raw()),
            }
        ],
    }
    payload = rfc8785.dumps(document)
    signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE, len(payload), payload)
    return document | {"proof": {"kid": "first", "signature": _base64(key.sign(signed))}}


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@contextlib.contextmanager
def declared(behind: Endpoint, folder: Path, dialect: str) -> Iterator[Endpoint]:
    """Serve a declaration, and pass everything else on to ``behind``."""
    upstream = urlsplit(behind.url)

    class Front(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == WELL_KNOWN:
                headers = {"Content-Type": "application/json", "Cache-Control": "max-age=3600"}
                self._answer(200, headers, document)
            else:
                self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(str(upstream.hostname), upstream.port)
            headers = {name: value for name, value in self.headers.items() if name != "Host"}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            kept = {n: v for n, v in answer.getheaders() if n.lower() not in _HOP_BY_HOP}
            self._answer(answer.status, kept, answer.read())
            connection.close()

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), Front) as server:
        server.daemon_threads = True
        origin = f"http://127.0.0.1:{server.server_port}"
        document = json.dumps(declaration(origin, dialect)).encode()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield target("a declaration and nothing else", origin, folder, dialect)
        finally:
            server.shutdown()
