"""``python network_view.py FILE --write-target DIR``: the reference endpoint, noting who came.

A line of FILE for each request: address and port of the peer, and the digest of the credential.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from drs_reference.gateway.serve import ServeOptions, run
from starlette.types import ASGIApp, Receive, Scope, Send


def noting(app: ASGIApp, file: Path) -> ASGIApp:
    """Note each request before ``app`` answers it."""

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            host, port = scope["client"]
            credential = dict(scope["headers"]).get(b"authorization", b"")
            with file.open("a") as seen:
                seen.write(f"{host} {port} {hashlib.sha256(credential).hexdigest()}\n")
        await app(scope, receive, send)

    return note


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--write-target", type=Path)
    options = parser.parse_args()
    return run(
        ServeOptions(write_target=options.write_target, accounts=2),
        wrap=lambda app: noting(app, options.file),
    )


if __name__ == "__main__":
    sys.exit(main())
