"""Calling `drs spec` within the test's process."""

import argparse

from drs_conformance.specification.commands import add_spec_command


def spec(*arguments: object) -> int:
    parser = argparse.ArgumentParser(prog="drs")
    add_spec_command(parser.add_subparsers(required=True))
    parsed = parser.parse_args(["spec", *map(str, arguments)])
    code: int = parsed.handler(parsed)
    return code
