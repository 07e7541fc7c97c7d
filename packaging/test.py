"""Sets everything up and runs the checks and the tests: `python3 packaging/test.py`.

With arguments it runs pytest alone and passes them on: `python3 packaging/test.py tests/worlds -k cliff`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import python_version

python_version.require()

import setup_env  # noqa: E402
import system_libraries  # noqa: E402

CHECKS = (
    ("Formatting (ruff format)", ["-m", "ruff", "format", "--check", "."]),
    ("Lint (ruff check)", ["-m", "ruff", "check", "."]),
    ("Types (basedpyright)", ["-m", "basedpyright"]),
    (
        "Imports go down only (import-linter)",
        ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    ),
)


def main(arguments: list[str]) -> int:
    """Set up, then run everything and print `N passed, N failed` last."""
    missing = setup_env.ensure("test")
    if missing:
        setup_env.say(system_libraries.advice(missing))
        return 1
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if arguments:
        return setup_env.run_python("-m", "pytest", *arguments)
    os.chdir(setup_env.ROOT)
    results = [(title, run(title, command)) for title, command in CHECKS]
    passed, failed = run_pytest()
    print("\n=== Summary ===")
    for title, status in results:
        print(f"{'passed' if status == 0 else 'FAILED'}  {title}")
    print(f"{'FAILED' if failed or not passed else 'passed'}  Tests (pytest)")
    # Each check counts as one test, so that the last line tells the whole truth.
    bad_checks = sum(status != 0 for _, status in results)
    print(f"{passed + len(results) - bad_checks} passed, {failed + bad_checks} failed")
    return 1 if failed or bad_checks or not passed else 0


def run(title: str, arguments: list[str]) -> int:
    """Run one command of the environment's Python under a heading."""
    print(f"\n=== {title} ===", flush=True)
    start = time.monotonic()
    status = subprocess.call([str(setup_env.PYTHON), *arguments])
    print(f"{'passed' if status == 0 else 'FAILED'} in {time.monotonic() - start:.1f} s", flush=True)
    return status


def run_pytest() -> tuple[int, int]:
    """Run all tests; the numbers of those that passed and that did not."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        status = run("Tests (pytest)", ["-m", "pytest", "-n", "2", f"--junit-xml={report}"])
        try:
            suites = ElementTree.parse(report).getroot().iter("testsuite")
        except (OSError, ElementTree.ParseError):
            return 0, 1  # pytest ended before it could count
        total = bad = skipped = 0
        for suite in suites:
            total += int(suite.get("tests", 0))
            bad += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0))
    return max(total - bad - skipped, 0), max(bad, int(status != 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
