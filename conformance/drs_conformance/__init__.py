"""The conformance suite of the Distillation-Resistance Standard."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("distillation-resistance-standard")
except PackageNotFoundError:
    __version__ = "0+unknown"
