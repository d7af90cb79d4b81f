"""``python -m drs_reference`` is ``drs-reference``."""

import sys

from drs_reference.cli import main

sys.exit(main())
