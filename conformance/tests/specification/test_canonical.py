"""The fast way to canonical JSON writes what the library does."""

import math

import pytest
import rfc8785
from drs_conformance.specification.canonical import canonical_json
from hypothesis import example, given
from hypothesis import strategies as st

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
@example({"\ue000": 1, "\U00010000": 2, "a": [0.0, -0.0, 1e16, 3e-05, 1e-7, 1e21, 5e-324, 0.1]})
@example(['\x00\x1f\x7f\u2028"\\/\b\f\n\r\t', 1e15, 123456789012345.6, 9007199254740991.0])
def test_it_writes_what_the_library_writes(value):
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53, ["\ud800"], {1: 2}])
def test_it_refuses_what_the_library_refuses(value):
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical_json(value)
