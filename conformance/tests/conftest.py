"""Settings of all tests of the suite."""

from collections.abc import Generator

import pytest
from hypothesis import settings

# A loaded machine is slow, not wrong.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")

DEAR = ("site", "certified")
"""Fixtures that take long to make: the tests that use one run in one process."""


# A wrapper, so that it comes before xdist's own hook, which looks for the marks.
@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    for item in items:
        for name in DEAR:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(name))
    return (yield)
