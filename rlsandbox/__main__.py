"""`rlsandbox` and `python -m rlsandbox`: no arguments open the studio, a verb runs on the command line."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the program; returns its exit status."""
    from rlsandbox.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
