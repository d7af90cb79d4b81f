"""Only the ledger talks to a network."""

import ast
from pathlib import Path

import drs_conformance.ledger

SUITE = Path(drs_conformance.ledger.__file__).parents[1]
NETWORK = {"httpx", "httpcore", "requests", "aiohttp", "socket", "http", "urllib3", "ssl"}


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_other_package_imports_a_network_client():
    found = {
        (str(path.relative_to(SUITE)), name)
        for path in SUITE.rglob("*.py")
        for name in imported(ast.parse(path.read_text()))
        if name.partition(".")[0] in NETWORK or name == "urllib.request"
    }
    assert found == {
        ("ledger/resolving.py", "socket"),
        ("ledger/wire.py", "httpx"),
        ("ledger/wire.py", "ssl"),
    }
