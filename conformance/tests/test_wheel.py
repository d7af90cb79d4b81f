"""The wheel holds the standard, and works away from the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the build tools that are installed."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_spec_and_schemas(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "drs_standard/spec/0.1/03-declaration.md",
        "drs_standard/spec/0.1/registries/ladder.yaml",
        "drs_standard/schemas/0.1/result.schema.json",
        "drs_conformance/checks/pytest.ini",
        "drs_reference/model/weights.npz",
    ):
        assert part in names
    assert not [name for name in names if "/tests/" in name or name.startswith("tests")]


def test_it_works_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    program = (
        f"import sys; sys.path.insert(0, {str(site)!r}); "
        "from drs_conformance.cli import main; import drs_conformance; "
        f"assert drs_conformance.__file__.startswith({str(site)!r}); "
        "sys.exit(main(['catalogue', '--format', 'markdown']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "DCL-01" in done.stdout
