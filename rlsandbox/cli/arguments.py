"""The verbs and their flags; an algorithm's flags come from its Config."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from rlsandbox.cli import verbs
from rlsandbox.cli.answer import Answer

HYPERPARAMETER = "hyperparameter "
"""What the destination of an algorithm's own flag begins with, so that it is no other flag's."""


class _Parser(argparse.ArgumentParser):
    """argparse, with one sentence for a mistake instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message.rstrip('.')}; see {self.prog} --help.\n")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of a command; `verb` is the function that carries it out.

    Raises:
        SystemExit: the usage is wrong (2), or help has been printed (0).
    """
    parser = _Parser(
        prog="rlsandbox",
        description="Draw grid worlds, train agents on them live, and see everything. Without a verb the "
        "studio opens.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"rlsandbox {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="VERB", required=True, parser_class=_Parser)

    def add(name: str, verb: Callable[[argparse.Namespace], Answer], about: str) -> _Parser:
        command = commands.add_parser(name, help=about, description=about, allow_abbrev=False)
        command.set_defaults(verb=verb)
        command.add_argument("--json", action="store_true", help="print one JSON object on standard output")
        return command

    command = add("studio", verbs.studio, "Open the studio.")
    command.add_argument("file", nargs="?", metavar="FILE", help="a world or a policy to open")

    command = add("list", verbs.list_things, "List what there is.")
    command.add_argument("what", choices=("worlds", "algorithms", "overlays", "reproductions"))

    command = add("train", verbs.train, "Train an algorithm on a world.")
    command.add_argument(
        "algorithm", metavar="ALGO", help="id of the algorithm; see: rlsandbox list algorithms"
    )
    _add_world(command)
    command.add_argument("--steps", type=count, metavar="N", help="steps a seed (sweeps for a planner)")
    command.add_argument("--episodes", type=count, metavar="N", help="episodes a seed")
    command.add_argument("--seeds", type=count, default=1, metavar="K", help="number of replicas (default 1)")
    command.add_argument(
        "--seed", type=count, default=0, metavar="S", help="the first one's seed (default 0)"
    )
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a hyperparameter; may be repeated"
    )
    command.add_argument(
        "--preset",
        metavar="NAME",
        help="named hyperparameters and their budget, under what is said here: course",
    )
    command.add_argument(
        "--policy",
        metavar="P",
        help="whose values a method of prediction learns: random, optimal, drawn or a .rlpolicy file",
    )
    command.add_argument(
        "--from",
        dest="start_from",
        metavar="POLICY",
        help="go on training the networks of a .rlpolicy file",
    )
    command.add_argument(
        "--out",
        metavar="DIR",
        help="folder for policy.rlpolicy, result.json, curves.csv, updates.csv and run.rlcheckpoint",
    )
    arguments = [_dashed(word) for word in arguments]
    _add_hyperparameters(command, arguments)

    command = add("solve", verbs.solve, "Compute the optimal values of a world.")
    _add_world(command)
    _add_gamma(command)
    command.add_argument("--values", action="store_true", help="with --json: the values, row by row")

    command = add("evaluate", verbs.evaluate, "Roll out a saved policy.")
    command.add_argument("policy", metavar="POLICY", help="a .rlpolicy file")
    command.add_argument(
        "--world", metavar="W", help="a file or a gallery name, if not the policy's own world"
    )
    command.add_argument("--episodes", type=count, default=100, metavar="N", help="how many (default 100)")

    command = add("export", verbs.export, "Write a saved policy for other programs.")
    command.add_argument("policy", metavar="POLICY", help="a .rlpolicy file")
    command.add_argument("--to", required=True, choices=tuple(verbs.EXPORTS), metavar="FORMAT",
                         help=f"one of {', '.join(verbs.EXPORTS)}")  # fmt: skip
    command.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")
    _add_picture(command)

    command = add("import", verbs.import_world, "Make a world of a map that somebody typed.")
    command.add_argument("file", metavar="FILE", help="Gymnasium's desc, a plain map, or a world")
    command.add_argument("-o", "--output", required=True, metavar="WORLD", help="the .rlworld.json to write")

    command = add("validate", verbs.validate, "Check a world or a policy file.")
    command.add_argument("file", metavar="FILE")

    command = add("render", verbs.render, "Draw a picture of a world.")
    command.add_argument("world", metavar="WORLD", help="a file or a gallery name")
    command.add_argument("--policy", metavar="P", help="a .rlpolicy file that overlays show")
    command.add_argument("-o", "--output", required=True, metavar="PNG|SVG", help="the file to write")
    _add_picture(command)
    _add_gamma(command)

    command = add("bench", verbs.bench, "Measure ratios within one run.")
    command.add_argument("name", metavar="NAME", help="the benchmark")
    command.add_argument("--seconds", type=float, metavar="T", help="about how long to measure")

    command = add("reproduce", verbs.reproduce, "Make a published figure anew, as picture and numbers.")
    command.add_argument("name", nargs="?", metavar="NAME", help="the figure; without it all are listed")
    command.add_argument("--out", metavar="DIR", default=".", help="folder for NAME.png and NAME.json")
    command.add_argument("--quick", action="store_true", help="fewer runs, in seconds")

    add("schema", verbs.schema, "Print the JSON Schema of world files.")
    return parser.parse_args(arguments)


def count(text: str) -> int:
    """A whole number from 0 on: 1000, 1_000, 1e6."""
    try:
        value = float(text.replace("_", ""))
        if value >= 0 and value == int(value):
            return int(text.replace("_", "")) if text.replace("_", "").isdigit() else int(value)
    except (ValueError, OverflowError):
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")


def _add_world(command: _Parser) -> None:
    command.add_argument("--world", metavar="W", help="a file or a gallery name; see: rlsandbox list worlds")


def _add_gamma(command: _Parser) -> None:
    command.add_argument("--gamma", type=float, default=0.99, metavar="G", help="discount (default 0.99)")


def _add_picture(command: _Parser) -> None:
    command.add_argument(
        "--overlay",
        action="append",
        metavar="NAME",
        help="what to show; may be repeated; see: rlsandbox list overlays",
    )
    command.add_argument("--replica", type=count, default=0, metavar="K", help="whose policy (default 0)")
    command.add_argument("--cell", type=count, default=64, metavar="PX", help="side of a cell (default 64)")
    command.add_argument(
        "--theme", choices=("light", "dark"), default="light", help="colours (default light)"
    )


def _add_hyperparameters(command: _Parser, arguments: Sequence[str]) -> None:
    """Add the flags of the algorithm that a command names; loads the algorithms only for the verb `train`."""
    if "train" not in arguments[:1]:
        return
    from rlsandbox.algorithms import registry

    agent = next((registry()[word] for word in arguments if word in registry()), None)
    if agent is None:
        return
    group = command.add_argument_group(f"hyperparameters of {agent.title}")
    for row in agent.Config.describe():
        values = "|".join(row.choices) if row.choices else row.kind
        text = f"{row.doc} (default {row.default})".replace("%", "%%")
        try:
            group.add_argument(
                _dashed(f"--{row.name}"), dest=HYPERPARAMETER + row.name, metavar=values, help=text
            )
        except argparse.ArgumentError:
            continue  # the name is another flag's: --set still reaches it


def _dashed(word: str) -> str:
    """`--epsilon_end=0.1` as `--epsilon-end=0.1`."""
    if not word.startswith("--"):
        return word
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value


def _version() -> str:
    return getattr(sys.modules["rlsandbox"], "__version__", "")
