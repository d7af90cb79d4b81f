"""Reference implementation of the Distillation-Resistance Standard: an endpoint that follows it."""

import os
from importlib import metadata

# Read when numpy is first imported: at the size of the embedded model threads burn time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

try:
    __version__ = metadata.version("distillation-resistance-standard")
except metadata.PackageNotFoundError:
    __version__ = "0+unknown"

__all__ = ["__version__"]
