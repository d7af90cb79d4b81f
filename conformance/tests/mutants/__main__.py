"""``python conformance/tests/mutants NAME --write-target DIR``: serve one mutant.

Without arguments it lists them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from drs_reference.exchange.hub import serve as hub
from drs_reference.gateway.serve import ServeOptions, run

from mutants import MUTANTS
from mutants.mutant import STRONG


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(MUTANTS))
    parser.add_argument("--strength", choices=("weak", "middle", STRONG), default=STRONG)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--accounts", type=int, default=0)
    parser.add_argument("--write-target", type=Path)
    parser.add_argument("--perturbation", type=Path)
    options = parser.parse_args()
    if options.name is None:
        for mutant in MUTANTS.values():
            print(f"{mutant.name:45} {', '.join(sorted(mutant.breaks)):16} {mutant.story}")
        return 0
    chosen = MUTANTS[options.name]
    if chosen.hub:
        return hub.run(
            hub.HubOptions(port=options.port, write_target=options.write_target), chosen.alter
        )
    return run(
        ServeOptions(
            port=options.port,
            write_target=options.write_target,
            accounts=options.accounts,
            perturbation=options.perturbation,
            test_group=chosen.member,
        ),
        alter=chosen.altered(options.strength),
        wrap=chosen.wrap,
    )


if __name__ == "__main__":
    sys.exit(main())
