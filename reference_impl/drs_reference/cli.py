"""The command line ``drs-reference``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from drs_reference import __version__
from drs_reference.gateway.surfaces import DIALECTS

_EXTRA = {"anyio", "numpy", "starlette", "uvicorn"}
_ACCOUNTS_MAX = 99
_NAME_MAX = 128


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drs-reference",
        description="Reference implementation of the Distillation-Resistance Standard.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="serve the reference endpoint",
        description="Serve the reference endpoint until SIGTERM or SIGINT. When it is ready, one "
        "line of JSON with its url is written to stdout; logs go to stderr.",
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    serve.add_argument(
        "--port", type=_port, default=0, help="port; 0, the default, takes a free one"
    )
    serve.add_argument(
        "--storage",
        metavar="URL",
        help="where state is kept, sqlite:///FILE (sqlite:////FILE for an absolute path); default: "
        "below the --write-target folder, else a private file that is removed at the end",
    )
    serve.add_argument(
        "--write-target",
        type=Path,
        metavar="DIR",
        help="write target.yaml, credentials.env and authorisation.yaml there and go on serving",
    )
    serve.add_argument(
        "--credentials",
        type=Path,
        metavar="FILE",
        help="take the personas' keys from a credentials.env instead of making fresh ones",
    )
    serve.add_argument(
        "--accounts",
        type=_accounts,
        default=0,
        metavar="N",
        help="serve so many ordinary accounts too; the target file calls them blind-1 and so on, "
        "the endpoint does not",
    )
    serve.add_argument(
        "--dialect",
        choices=DIALECTS,
        default=DIALECTS[0],
        help="dialect of the surface that the target file names; all are served (%(default)s)",
    )
    serve.add_argument(
        "--perturbation",
        type=Path,
        metavar="FILE",
        help="a document perturbation-parameters, JSON or YAML: the mechanism that is applied; "
        "default: the green list on all surfaces",
    )
    switch = commands.add_parser(
        "perturbation",
        help="end every perturbation for every account, or allow it again",
        description="Throw the kill switch of an endpoint. A server that runs obeys within a "
        "second; what was ordered holds over restarts and stands in the audit trail.",
    )
    switch.add_argument("order", choices=("off", "on"))
    switch.add_argument(
        "--storage", metavar="URL", required=True, help="that of the server, sqlite:///FILE"
    )
    switch.add_argument(
        "--by",
        action="append",
        metavar="PERSON",
        required=True,
        help="pseudonym of a person who agrees; give it for two different people",
    )
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def _accounts(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > _ACCOUNTS_MAX:
        raise argparse.ArgumentTypeError(
            f"expected a number from 0 to {_ACCOUNTS_MAX}, not {text!r}"
        )
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status: 0 done, 2 it could not start."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        from drs_reference.gateway.serve import ServeOptions, order, run
        from drs_reference.perturbation.kill_switch import PEOPLE
        from drs_reference.response.ladder import different_people
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _EXTRA:
            raise
        print(
            f"drs-reference: {error.name} is missing; install it with "
            "pip install 'distillation-resistance-standard[reference]'",
            file=sys.stderr,
        )
        return 2
    if options.command == "perturbation":
        people = different_people(options.by)
        if len(people) < PEOPLE or max(map(len, people)) > _NAME_MAX:
            parser.error(
                f"--by must name {PEOPLE} different people, each in at most {_NAME_MAX} characters"
            )
        return order(options.storage, options.order == "off", people)
    return run(
        ServeOptions(
            host=options.host,
            port=options.port,
            storage=options.storage,
            write_target=options.write_target,
            credentials=options.credentials,
            accounts=options.accounts,
            dialect=options.dialect,
            perturbation=options.perturbation,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
