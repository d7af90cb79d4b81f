"""Settings of all tests of the suite."""

import pytest
from hypothesis import settings

# A loaded machine is slow, not wrong.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")

DEAR = ("site", "certified")
"""Fixtures that take long to make: the tests that use one run in one process."""


# Before xdist looks for the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in DEAR:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(name))
