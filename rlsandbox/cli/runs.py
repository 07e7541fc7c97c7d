"""The verb `train`: a run with a progress bar, its report, and its folder."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from argparse import Namespace
from typing import Any

from rlsandbox.algorithms import find
from rlsandbox.cli.answer import Answer, UsageError, as_json, mean, number
from rlsandbox.cli.arguments import HYPERPARAMETER
from rlsandbox.cli.verbs import writable_folder
from rlsandbox.learning.agent import Preset
from rlsandbox.policies.files import load_policy
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.training import api
from rlsandbox.training.checkpoints import SUFFIX, save_checkpoint
from rlsandbox.training.session import TrainingSession
from rlsandbox.worlds.disk import write_atomically
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.places import Place

_SHAPING = {
    True: "the best policy is the same with and without it",
    False: "changes the best policy: what is learnt is best for the shaped rewards alone",
    None: "whether it keeps the best policy is unknown: one of the two has no finite values",
}

_LONG_SECONDS = 1.0
"""A run that takes longer gets a progress bar."""


def run_training(options: Namespace, world: Place) -> Answer:
    """Train as the options say."""
    policy = opened_policy(options.policy)
    start = None if options.start_from is None else load_policy(options.start_from)
    try:
        preset = preset_of(options)
        episodes = options.episodes
        if episodes is None and options.steps is None:
            episodes = preset.episodes
        run = options.algorithm, world, options.steps, episodes, options.seeds, options.seed
        session = api.begin(*run, {**preset.values, **hyperparameters(options)}, policy, start)
    except SandboxError as error:
        raise UsageError(error.message, error.place) from None
    folder = None if options.out is None else writable_folder(options.out)
    with _Progress(session) as progress:
        result = api.finish(session, progress)
    data = result.to_dict() | {"world": options.world, "world_name": world.name, "policy_file": None}
    if folder is not None:
        data["policy_file"] = str(folder / "policy.rlpolicy")
        result.policy.save(folder / "policy.rlpolicy")
        write_atomically(folder / "curves.csv", curves_csv(session, "episodes").encode())
        if any(curve.unit == "updates" for curve in session.agent.curves().values()):
            write_atomically(folder / "updates.csv", curves_csv(session, "updates").encode())
        save_checkpoint(session, folder / f"run{SUFFIX}")
        write_atomically(
            folder / "result.json", (json.dumps(json.loads(as_json(data)), indent=2) + "\n").encode()
        )
    return Answer(data, _report(result, data))


def preset_of(options: Namespace) -> Preset:
    """What `--preset` names; nothing where it is not given.

    Raises:
        SandboxError: the algorithm has no such preset.
    """
    agent = find(options.algorithm)
    if options.preset is None:
        return Preset({})
    if options.preset not in agent.presets:
        there = f"its presets: {', '.join(agent.presets)}" if agent.presets else "it has none"
        raise SandboxError(f"{agent.title} has no preset {options.preset!r}; {there}.", "--preset")
    return agent.presets[options.preset]


def opened_policy(name: str | None) -> str | SavedPolicy | None:
    """What `--policy` names: one of the policies that a configuration can name, or a file's.

    Raises:
        SandboxError: the file cannot be read.
    """
    return name if name is None or name in api.NAMED_POLICIES else load_policy(name)


def hyperparameters(options: Namespace) -> dict[str, str]:
    """What `--set` and the algorithm's own flags say, as texts.

    Raises:
        UsageError: a `--set` is not of the form KEY=VALUE.
    """
    values = {}
    for text in options.set:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"write --set KEY=VALUE, for example --set alpha=0.5, not {text!r}.")
        values[name.strip().replace("-", "_")] = value.strip()
    for name, value in vars(options).items():
        if name.startswith(HYPERPARAMETER) and value is not None:
            values[name.removeprefix(HYPERPARAMETER)] = value
    return values


def curves_csv(session: TrainingSession, unit: str) -> str:
    """The logs over episodes as a table: `seed, episode, episodes, return, length`, one row a bin.

    `episode` is the first one of the bin, counted from 1, `episodes` their number, the others their means.
    What networks log by updates is another table, in which `update` and `updates` count.
    """
    curves = {name: curve for name, curve in session.agent.curves().items() if curve.unit == unit}
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["seed", unit.removesuffix("s"), unit, *curves])
    for replica, seed in enumerate(session.agent.seeds if curves else ()):
        some = next(iter(curves.values()))  # all of one unit are logged alike
        done, width = int(some.episodes[replica]), int(some.width[replica])
        for at, first in enumerate(range(0, done, width)):
            means = [float(curve.values[replica, at]) for curve in curves.values()]
            table.writerow([seed, first + 1, min(width, done - first), *means])
    return text.getvalue()


def _report(result: api.Result, data: dict[str, Any]) -> str:
    agent = result.session.agent
    seeds = f"{agent.n_seeds} {'seed' if agent.n_seeds == 1 else 'seeds'}"
    planned = agent.unit == "sweeps"
    episodes = "" if planned else f", {data['episodes']:,} episodes a seed"
    speed = number(float(f"{result.steps_per_second:.3g}"))
    lines = [
        f"{agent.title} on {data['world_name']}, {seeds}",
        f"  trained        {data['steps']:,} {agent.unit}{episodes}; {speed} {agent.unit} a second",
    ]
    if not planned:
        online = number(mean(data["mean_return_last_100"]))
        lines.append(f"  online return  {online} over the last 100 episodes")
    lines.append(
        f"  greedy return  {number(mean(data['greedy_return']))} (optimal {number(data['oracle_return'])})"
    )
    if agent.task == "prediction":
        error = data["rms_error"]
        known = "unknown: the policy never ends" if error is None else number(error)
        lines.append(f"  error of V     {known} (root mean square to the policy's own values)")
    else:
        lines.append(f"  oracle gap     {number(data['oracle_gap'])}")
    if "shaping_keeps_best_policy" in data:
        lines.append(f"  shaping        {_SHAPING[data['shaping_keeps_best_policy']]}")
    if data["policy_file"]:
        lines.append(f"  policy         {data['policy_file']}")
    return "\n".join(lines)


class _Progress:
    """A bar on standard error, if that is a terminal and the run is long."""

    def __init__(self, session: TrainingSession) -> None:
        self._began = time.monotonic()
        self._wanted = sys.stderr.isatty()
        self._bar: Any = None
        by_steps = session.step_budget is not None and session.episode_budget is None
        self._total = session.step_budget if by_steps else session.episode_budget
        self._unit = session.agent.unit if by_steps else "episodes"
        self._by_steps = by_steps

    def __enter__(self) -> _Progress:
        return self

    def __call__(self, session: TrainingSession) -> None:
        if not self._wanted or time.monotonic() - self._began < _LONG_SECONDS:
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=self._total, unit=f" {self._unit}", unit_scale=True, leave=False)
        done = session.agent.steps if self._by_steps else session.agent.episodes
        self._bar.update(int(done.min()) - self._bar.n)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
