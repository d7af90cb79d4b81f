"""Settings of all tests of the suite."""

import pytest
from hypothesis import settings

# A loaded machine is slow, not wrong.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")

DEAR = ("site", "certified")
"""Fixtures that take long to make: the tests that use one run in one process."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # What xdist makes of its mark `xdist_group`, which it looks for before this hook can set it.
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        for name in DEAR:
            if name in getattr(item, "fixturenames", ()):
                item._nodeid = f"{item.nodeid}@{name}"
