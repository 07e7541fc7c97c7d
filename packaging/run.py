"""Sets RL Sandbox up on first use and starts it: `python3 packaging/run.py [ARGUMENTS]`.

Without arguments it opens the studio; arguments go to the `rlsandbox` command.
"""

from __future__ import annotations

import sys

import python_version

python_version.require()

import display  # noqa: E402
import setup_env  # noqa: E402


def main(arguments: list[str]) -> int:
    """Set up, see that a window can be opened if one is asked for, and start the program."""
    missing = setup_env.ensure("run")
    if not arguments or arguments[0] == "studio":
        obstacle = display.obstacle(missing)
        if obstacle:
            setup_env.say(obstacle)
            return 1
    return setup_env.run_python("-m", "rlsandbox", *arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
