"""The command line: verbs that do what the studio does, without a screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rlsandbox.cli.answer import Answer, UsageError, as_json
from rlsandbox.cli.arguments import parse
from rlsandbox.worlds.errors import SandboxError

FAILED, USAGE, INTERRUPTED = 1, 2, 130


def run(arguments: Sequence[str]) -> int:
    """Carry out a command; returns the exit status: 0, 1 (failed), 2 (usage) or 130 (Ctrl+C)."""
    try:
        return _carry_out(arguments or ["studio"])
    except KeyboardInterrupt:
        print("rlsandbox: stopped by Ctrl+C.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read the output has gone: what is still buffered must not fail again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _carry_out(arguments: Sequence[str]) -> int:
    try:
        options = parse(arguments)
    except SystemExit as stop:  # argparse has printed its help or its sentence
        return stop.code if isinstance(stop.code, int) else USAGE
    try:
        answer = options.verb(options)
    except SandboxError as error:
        print(f"rlsandbox {options.command}: {error}", file=sys.stderr)
        if isinstance(error, UsageError):
            return USAGE
        answer = Answer({"error": error.message, "place": error.place}, "", FAILED)
    text = as_json(answer.data) if options.json else answer.text
    if text:
        print(text)
    sys.stdout.flush()
    return answer.status
