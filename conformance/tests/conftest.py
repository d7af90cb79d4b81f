"""Settings of all tests of the suite."""

from hypothesis import settings

# A loaded machine is slow, not wrong.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")
