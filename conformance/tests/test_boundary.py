"""The suite never loads the reference implementation, nor the other way round.

What needs an extra that is not installed is left out.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
names = [m.name for m in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
assert len(names) > 15, names
for name in names:
    if name.endswith("__main__"):
        continue
    try:
        importlib.import_module(name)
    except ImportError as error:
        if error.name != "torch" and type(error).__name__ != "MissingExtraError":
            raise
loaded = sorted(name for name in sys.modules if name.split(".")[0] == sys.argv[2])
assert not loaded, loaded
"""


@pytest.mark.parametrize(
    ("package", "other"),
    [("drs_conformance", "drs_reference"), ("drs_reference", "drs_conformance")],
)
def test_importing_everything_loads_nothing_of_the_other(package: str, other: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, package, other],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
