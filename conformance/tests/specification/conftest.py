"""A small standard in good order, to be spoilt one mistake at a time."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from drs_conformance.specification.findings import Finding
from drs_conformance.specification.inspection import inspect_specification
from drs_conformance.specification.location import standard_root

CHECKS = """\
from drs_conformance.checks.requirement import requirement


@requirement("DCL-01")
def test_public(lab):
    assert lab.declaration


class TestValidity:
    @requirement("DCL-02")
    async def test_valid(self, lab):
        assert lab.declaration
"""

MUTANTS = """\
import endpoints


@endpoints.mutant(breaks=["DCL-01"], mode="login")
def behind_login(): ...


@endpoints.mutant(breaks=("DCL-02",))
def misspelt(): ...
"""


class Standard:
    """A standard in a folder of its own, with checks and mutants."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.chapters = root / "spec/0.1"
        self.checks = root / "conformance/drs_conformance/checks"
        self.mutants = root / "conformance/tests/mutants"

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the only place where `old` stands in a file."""
        path = self.root / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new))

    def line(self, file: str, needle: str) -> int:
        """Return the line of the only place where `needle` stands in a file."""
        text = (self.root / file).read_text()
        assert text.count(needle) == 1, f"{needle!r} stands {text.count(needle)} times in {file}"
        return text.count("\n", 0, text.index(needle)) + 1

    def inspect(self) -> list[Finding]:
        return inspect_specification(self.root, "0.1", self.checks, self.mutants)


@pytest.fixture
def write_standard(tmp_path: Path) -> Callable[[], Standard]:
    def write() -> Standard:
        real = standard_root()
        standard = Standard(tmp_path / "standard")
        shutil.copytree(Path(__file__).parent / "minimal", standard.chapters)
        shutil.copytree(real / "spec/0.1/registries", standard.chapters / "registries")
        (standard.root / "schemas/0.1").mkdir(parents=True)
        for schema in (real / "schemas/0.1").glob("*.schema.json"):
            shutil.copy(schema, standard.root / "schemas/0.1")
        standard.checks.mkdir(parents=True)
        (standard.checks / "declaring.py").write_text(CHECKS)
        standard.mutants.mkdir(parents=True)
        (standard.mutants / "declaring.py").write_text(MUTANTS)
        return standard

    return write


@pytest.fixture
def standard(write_standard: Callable[[], Standard]) -> Standard:
    return write_standard()
