"""The conformance suite of the Distillation-Resistance Standard.

``probe`` probes an endpoint as ``drs run`` does; ``UsageFault`` is what it raises before anything
was sent.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_conformance.commands.errors import UsageFault
    from drs_conformance.probing import probe

__all__ = ["UsageFault", "__version__", "probe"]

try:
    __version__ = version("distillation-resistance-standard")
except PackageNotFoundError:
    __version__ = "0+unknown"


def __getattr__(name: str) -> object:
    # Late, because pytest imports this package in every session in which it is installed.
    if name == "probe":
        from drs_conformance.probing import probe

        return probe
    if name == "UsageFault":
        from drs_conformance.commands.errors import UsageFault

        return UsageFault
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
