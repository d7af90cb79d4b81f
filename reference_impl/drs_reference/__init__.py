"""Reference implementation of the Distillation-Resistance Standard: an endpoint that follows it."""

from importlib import metadata

try:
    __version__ = metadata.version("distillation-resistance-standard")
except metadata.PackageNotFoundError:
    __version__ = "0+unknown"

__all__ = ["__version__"]
