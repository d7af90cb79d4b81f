"""`make demo`: start the reference endpoint, probe it, show what came out.

The endpoint runs as a process of its own and is stopped at the end, however the probe ends.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

TARGET = Path("drs-demo") / "target"
RESULTS = Path("drs-demo") / "results"
BIN = Path(sys.executable).parent


def main() -> int:
    """Run the demonstration; return the exit code of the probe."""
    shutil.rmtree("drs-demo", ignore_errors=True)
    TARGET.mkdir(parents=True)
    print("Starting the reference endpoint ...", flush=True)
    with (TARGET / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [BIN / "drs-reference", "serve", "--write-target", TARGET],
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert server.stdout is not None
    try:
        ready = server.stdout.readline()
        if not ready:
            print((TARGET / "server.log").read_text(), file=sys.stderr)
            return 3
        print(f"It answers at {json.loads(ready)['url']}. Probing it:\n", flush=True)
        credentials = dict(
            line.split("=", 1)
            for line in (TARGET / "credentials.env").read_text().splitlines()
            if "=" in line and not line.startswith("#")
        )
        code = subprocess.call(
            [BIN / "drs", "run", "--target", TARGET / "target.yaml", "--out", RESULTS],
            env={**os.environ, **credentials},
        )
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)
    print(f"\nOpen {RESULTS / 'report.html'} to read the report.", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
