"""The text of the standard that is kept here is in order."""

import pytest
from drs_conformance.specification.inspection import inspect_specification
from drs_conformance.specification.location import standard_root, versions
from drs_conformance.specification.registries import RegistryError, load_registry


@pytest.mark.parametrize("version", versions())
def test_the_standard_has_no_mistakes(version):
    root = standard_root()
    checks = root / "conformance/drs_conformance/checks"
    mutants = root / "conformance/tests/mutants"
    assert inspect_specification(root, version, checks, mutants) == []


def test_a_registry_is_read_by_name():
    ladder = load_registry("ladder")
    assert ladder["initial"] == "standing"
    assert {transition["on"] for transition in ladder["transitions"]} == {
        "evidence",
        "time",
        "appeal-upheld",
    }


def test_an_unknown_registry_is_an_error_that_names_the_known_ones():
    with pytest.raises(RegistryError, match=r"'leiter'.*ladder"):
        load_registry("leiter")


def test_a_malformed_registry_is_an_error_with_its_place(standard):
    file = "spec/0.1/registries/bounds.yaml"
    standard.edit(file, "{L1: 20, L2: 5, L3: 0}", "{L1: 20, L2: 5}")
    with pytest.raises(RegistryError, match=f"{file}:{standard.line(file, 'L2: 5}')}"):
        load_registry("bounds", "0.1", standard.root)
