"""Makes packaging/requirements.lock anew: `python3 packaging/lock.py`, in a checkout that is set up.

pip resolves what pyproject.toml asks for (runtime, tests, checks and build tools) to the newest versions
that fit. The exact versions are written by name; where they come from is left to pip's configuration.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import python_version

python_version.require()

import setup_env  # noqa: E402

HEADER = """\
# Exact versions of all that packaging/run.py and packaging/test.py install: pip uses it as constraints.
# Made by `python3 packaging/lock.py` from pyproject.toml; not edited by hand.
"""
# Known to work together; `python3 packaging/lock.py` asks for these and resolves the rest.
PINNED = ["PySide6-Essentials==6.11.3", "torch==2.13.0"]


def main() -> int:
    """Resolve and write."""
    project = tomllib.loads((setup_env.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *extras["test"], *extras["dev"], "hatchling"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(setup_env.PYTHON), "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        subprocess.run([*command, "--quiet", "--report", str(report), *PINNED, *wanted], check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    versions = {
        item["metadata"]["name"].lower().replace("_", "-"): item["metadata"]["version"] for item in found
    }
    # A local version (torch's "+cpu") names one build of a release; the lock file names the release.
    lines = [f"{name}=={version.split('+')[0]}\n" for name, version in sorted(versions.items())]
    setup_env.LOCK.write_text(HEADER + "".join(lines), encoding="utf-8")
    print(f"{len(lines)} packages written to {setup_env.LOCK}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
