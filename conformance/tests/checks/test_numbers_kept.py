"""Which numbers an answer may leave out where an overt mechanism leaves out steps."""

from __future__ import annotations

import pytest
from drs_conformance.checks.numbers_kept import keeps_numbers


@pytest.mark.parametrize(
    ("plain", "other", "all_of_them", "elided"),
    [
        ("3+4=7, 7*2=14", "3+4=7, 7*2=14", True, True),
        ("3+4=7, 7*2=14", "14", False, True),
        ("3+4=7, 7*2=14", "3+4=7", False, False),
        ("3+4=7, 7*2=14", "15", False, False),
        ("3+4=7, 7*2=14", "3+4=8, 14", False, False),
        ("3+4=7, 7*2=14", "none", False, False),
        ("14", "14, 14", False, False),
    ],
)
def test_what_is_left_is_held(plain: str, other: str, all_of_them: bool, elided: bool) -> None:
    assert keeps_numbers(plain, other, all_of_them=True) == all_of_them
    assert keeps_numbers(plain, other, all_of_them=False) == elided
