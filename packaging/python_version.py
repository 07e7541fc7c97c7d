"""Sees to it that Python is new enough; this file itself runs on older ones."""

import os
import shutil
import subprocess
import sys

CANDIDATES = ("3.13", "3.12", "3.11", "3.14")


def require():
    """Go on under Python 3.11 or newer: hand over to one that is installed, else say what is missing."""
    sys.dont_write_bytecode = True  # these scripts are small, and leave nothing behind in the checkout
    if sys.version_info >= (3, 11):  # noqa: UP036 - whoever starts this file may have an older one
        return
    for version in CANDIDATES:
        found = shutil.which("python" + version)
        works = [found or "", "-c", "import venv"]
        if found and subprocess.call(works, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            if sys.platform == "win32":
                sys.exit(subprocess.call([found, *sys.argv]))
            os.execv(found, [found, *sys.argv])
    sys.stderr.write("RL Sandbox needs Python 3.11 or newer: install one and start this command with it.\n")
    sys.exit(1)
