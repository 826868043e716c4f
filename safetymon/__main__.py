"""`python -m safetymon` and the `safetymon` command."""

import gc
import sys

from safetymon.cli import run

GARBAGE = 1_000_000
"""Objects made before rubbish is looked for. A command makes few cycles and many objects, most of
them while Altair is imported: at Python's default it spends a tenth of its time looking."""


def main() -> None:
    """Runs the command line and leaves with its exit code."""
    gc.set_threshold(GARBAGE, *gc.get_threshold()[1:])
    code = run(sys.argv[1:])
    # The interpreter would look through every object once more before it throws them all away.
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
