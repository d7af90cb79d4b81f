"""``python counting_endpoint.py --write-target DIR``: notes what arrives, and kills who sends.

The reference endpoint, which appends a line for each request to DIR/arrived. DIR/kill, when it is
there, is JSON: at the request ``number`` (counted from 1 over all clients) the process ``pid`` is
killed, before it is answered when ``delay_s`` is null, else that long after.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import signal
import sys
from pathlib import Path

from drs_reference.gateway.serve import ServeOptions, run
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def counting(app: ASGIApp, folder: Path) -> ASGIApp:
    """Put the count before ``app``."""
    arrived = 0

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal arrived
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())

        async def again() -> Message:
            return messages.pop(0) if messages else await receive()

        if messages[-1]["type"] == "http.disconnect":
            # Who was killed in the middle of sending sent no request.
            await app(scope, again, send)
            return
        body = b"".join(message.get("body", b"") for message in messages)
        target = scope["raw_path"].decode() + "?" * bool(scope["query_string"])
        target += scope["query_string"].decode()
        arrived += 1
        with (folder / "arrived").open("a") as log:
            log.write(f"{scope['method']} {target} {hashlib.sha256(body).hexdigest()}\n")
        kill = folder / "kill"
        plan = json.loads(kill.read_text()) if kill.exists() else {"number": -1}
        if arrived != plan["number"]:
            await app(scope, again, send)
            return
        if plan["delay_s"] is None:
            os.kill(plan["pid"], signal.SIGKILL)
        await app(scope, again, send)
        if plan["delay_s"] is not None:
            await asyncio.sleep(plan["delay_s"])
            os.kill(plan["pid"], signal.SIGKILL)

    return counted


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write-target", type=Path, required=True)
    folder = parser.parse_args().write_target
    return run(ServeOptions(write_target=folder), wrap=lambda app: counting(app, folder))


if __name__ == "__main__":
    sys.exit(main())
