"""``drs``: the command line of the conformance suite.

Exit codes: 0 every applicable requirement passes; 1 at least one fails; 2 usage, target file or
authorisation is wrong (nothing was sent); 3 nothing fails and something could not be decided.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from drs_conformance import __version__
from drs_conformance.commands import ADD_COMMANDS
from drs_conformance.commands.errors import UsageFault

__all__ = ["main"]


def parser() -> argparse.ArgumentParser:
    """Return the parser with every command mounted."""
    made = argparse.ArgumentParser(
        prog="drs",
        description="Probe an API endpoint against the Distillation-Resistance Standard.",
        epilog="Exit codes: 0 passes, 1 fails, 2 wrong usage (nothing was sent), 3 undecided.",
    )
    made.add_argument("--version", action="version", version=f"drs {__version__}, standard 0.1")
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in ADD_COMMANDS:
        add(commands)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = parser().parse_args(argv)
    try:
        code: int = options.handler(options)
    except UsageFault as fault:
        print(f"drs: {fault}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("drs: interrupted", file=sys.stderr)
        return 3
    except BrokenPipeError:
        return 3
    return code


if __name__ == "__main__":
    sys.exit(main())
