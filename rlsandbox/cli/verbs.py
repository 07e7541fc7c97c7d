"""What each verb does. Whatever is heavy is imported by the verb that needs it."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from rlsandbox.cli.answer import Answer, UsageError, as_json, mean, number, table
from rlsandbox.worlds.disk import write_atomically
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import import_world as read_world
from rlsandbox.worlds.files import open_world, save_world
from rlsandbox.worlds.gallery import GENERATORS, gallery
from rlsandbox.worlds.places import open_place
from rlsandbox.worlds.world import World

_Where = TypeVar("_Where")


def studio(options: Namespace) -> Answer:
    """Open the studio and stay until it is closed."""
    _need_display()
    from rlsandbox.studio.app import main

    return Answer({}, status=main(options.file))


def _need_display() -> None:
    import sys

    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"} & set(os.environ):
        raise SandboxError(
            "there is no display to open a window on; without one, train like this: "
            "rlsandbox train ALGORITHM --world WORLD."
        )


# -- lists ---------------------------------------------------------------------------------------------------


def list_things(options: Namespace) -> Answer:
    """List worlds, algorithms, overlays or reproductions."""
    rows = _LISTS[options.what]()
    return Answer({options.what: rows}, table([row["id"], row["title"], row.pop("about")] for row in rows))


def _worlds() -> list[dict[str, Any]]:
    rows = [
        {
            "id": e.id,
            "title": e.title,
            "description": e.description,
            "source": e.source,
            "about": e.description,
        }
        for e in gallery().values()
    ]
    for kind, generator in GENERATORS.items():
        text, name = generator.description, f"{kind}:{generator.form}"
        rows.append(
            {"id": name, "title": generator.title, "description": text, "source": "generator", "about": text}
        )
    return rows


def _algorithms() -> list[dict[str, Any]]:
    from rlsandbox.algorithms import family_of, registry

    return [
        {
            "id": name,
            "title": agent.title,
            "family": family_of(agent),
            "source": agent.source,
            "equation": agent.equation,
            "task": agent.task,
            "accepts": [kind.title for kind in agent.accepts],
            "unit": agent.unit,
            "hyperparameters": [_described(row) for row in agent.Config.describe()],
            "presets": {
                name: {"values": preset.values, "episodes": preset.episodes}
                for name, preset in agent.presets.items()
            },
            "overlays": sorted(agent.offers),
            "about": f"{family_of(agent)}; {agent.source}",
        }
        for name, agent in registry().items()
    ]


def _described(row: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "default": row.default,
        "low": row.low,
        "high": row.high,
        "low_open": row.low_open,
        "high_open": row.high_open,
        "choices": list(row.choices),
        "optional": row.optional,
        "live": row.live,
        "unit": row.unit,
        "doc": row.doc,
    }


def _overlays() -> list[dict[str, Any]]:
    from rlsandbox.overlays import registry

    return [
        {"id": name, "title": overlay.title, "tip": overlay.tip, "about": overlay.tip}
        for name, overlay in registry().items()
    ]


def _reproductions() -> list[dict[str, Any]]:
    from rlsandbox.reproductions.runner import listed

    return listed()


_LISTS = {
    "worlds": _worlds,
    "algorithms": _algorithms,
    "overlays": _overlays,
    "reproductions": _reproductions,
}


# -- numbers -------------------------------------------------------------------------------------------------


def train(options: Namespace) -> Answer:
    """Train, report, and save what `--out` asks for."""
    from rlsandbox.cli.runs import run_training

    return run_training(options, _named(options.world, open_place))


def solve(options: Namespace) -> Answer:
    """Compute optimal values."""
    from rlsandbox.training import api

    world = named_world(options.world)
    if not 0 <= options.gamma <= 1:
        raise UsageError(f"a discount lies between 0 and 1, not {options.gamma}.", "--gamma")
    solution = api.solve(world, options.gamma)
    data: dict[str, Any] = {
        "world": options.world,
        "gamma": options.gamma,
        "states": world.n_states,
        "iterations": solution.sweeps,
        "residual": solution.residual,
        "seconds": solution.seconds,
        "v_start": solution.v_start,
    }
    if options.values:
        layers = api.value_rows(world, solution)
        data["values"] = layers[0]
        if len(layers) > 1:
            data["values_by_carried"] = layers
    text = (
        f"V*(start) = {number(solution.v_start)} at gamma {options.gamma:g}: {world.n_states:,} states, "
        f"{solution.sweeps:,} sweeps, residual {solution.residual:.2g}, {solution.seconds * 1e3:.3g} ms"
    )
    return Answer(data, text)


def evaluate(options: Namespace) -> Answer:
    """Roll out a policy."""
    from rlsandbox.policies.files import load_policy
    from rlsandbox.training import api

    policy = load_policy(options.policy)
    if options.world is not None:
        policy = policy.on(_named(options.world, open_place))
    found = api.figures(api.evaluate(policy, episodes=options.episodes))
    data = {
        "policy": options.policy,
        "algorithm": policy.card.algorithm,
        "world": options.world or policy.place.name,
        "warning": policy.warning,
        **found,
    }
    text = (
        f"{policy.card.title} on {policy.place.name}: greedy return {number(mean(found['greedy_return']))} "
        f"(optimal {number(found['oracle_return'])}), gap {number(found['oracle_gap'])}, "
        f"{policy.n_seeds} {'seed' if policy.n_seeds == 1 else 'seeds'}, {options.episodes:,} episodes"
    )
    return Answer(data, "\n".join(filter(None, (text, policy.warning))))


def bench(options: Namespace) -> Answer:
    """Run a benchmark."""
    from rlsandbox.benchmarks.runner import benches, run_bench

    if options.name not in benches():
        raise UsageError(f"there is no benchmark {options.name!r}; there are {', '.join(benches())}.")
    data = run_bench(options.name, options.seconds)
    return Answer(data, table((name, number(value)) for name, value in _flat(data)))


def reproduce(options: Namespace) -> Answer:
    """Make a published figure anew; without a name, list those there are."""
    if options.name is None:
        options.what = "reproductions"
        return list_things(options)
    from rlsandbox.reproductions.runner import draw, names, run_reproduction

    if options.name not in names():
        raise UsageError(f"there is no reproduction {options.name!r}; there are {', '.join(names())}.")
    folder = writable_folder(options.out)
    figure = run_reproduction(options.name, options.quick)
    picture, numbers = folder / f"{options.name}.png", folder / f"{options.name}.json"
    draw(figure, picture)
    data = figure.to_dict() | {"reproduction": options.name, "picture": str(picture), "numbers": str(numbers)}
    write_atomically(numbers, (as_json(data) + "\n").encode())
    rows = [("", "here", "published", "")]
    rows += [(c.what, number(c.here), number(c.published), c.verdict) for c in figure.compared]
    text = (
        f"{figure.title}\n{figure.source}\n{figure.runs:,} {'run' if figure.runs == 1 else 'runs'}, "
        f"{figure.seconds:.3g} s\n\n{table(rows)}\n\n"
    )
    text += f"{figure.notes}\n\n" * bool(figure.notes) + f"Wrote {picture} and {numbers}."
    return Answer(data, text)


def schema(options: Namespace) -> Answer:
    """Print the JSON Schema of world files."""
    import json

    from rlsandbox.worlds.files import schema as of_worlds

    found = of_worlds()
    return Answer(found, json.dumps(found, indent=2, ensure_ascii=False))


def _flat(data: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in data.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name}.")
        else:
            rows.append((prefix + name, value if isinstance(value, int | float) else str(value)))
    return rows


# -- files ---------------------------------------------------------------------------------------------------


def export(options: Namespace) -> Answer:
    """Write a policy in another format."""
    from rlsandbox.policies.files import load_policy

    policy = load_policy(options.policy)
    EXPORTS[options.to](policy, options)
    return _written(options.output, policy=options.policy, format=options.to)


def _export_policy(policy: Any, options: Namespace) -> None:
    policy.save(options.output)


def _export_csv(policy: Any, options: Namespace) -> None:
    from rlsandbox.policies.exports import write_csv

    write_csv(policy, options.output)


def _export_python(policy: Any, options: Namespace) -> None:
    from rlsandbox.policies.exports import write_python

    write_python(policy, options.output)


def _export_onnx(policy: Any, options: Namespace) -> None:
    from rlsandbox.policies.onnx_file import write_onnx

    write_onnx(policy, options.output, options.replica)


def _export_picture(policy: Any, options: Namespace) -> None:
    from rlsandbox.cli.pictures import draw

    draw(policy.world, policy, options, options.to)


EXPORTS = {
    "rlpolicy": _export_policy,
    "csv": _export_csv,
    "python": _export_python,
    "onnx": _export_onnx,
    "png": _export_picture,
    "svg": _export_picture,
}
"""Formats of `export`: what each one is written by."""


def import_world(options: Namespace) -> Answer:
    """Read any map and save it as a world."""
    world = read_world(options.file)
    save_world(world, options.output)
    return _written(options.output, **_size(world))


def validate(options: Namespace) -> Answer:
    """Read a file and say what it holds, or what is wrong with it."""
    try:
        found, text = _read(options.file)
    except SandboxError as error:
        data = {"file": options.file, "valid": False, "error": error.message, "place": error.place}
        if options.json:
            return Answer(data, status=1)
        raise
    return Answer({"file": options.file, "valid": True, **found}, f"{options.file}: {text}")


def _read(file: str) -> tuple[dict[str, Any], str]:
    from rlsandbox.policies.files import SUFFIX as POLICY
    from rlsandbox.policies.files import load_policy
    from rlsandbox.worlds.mdp import compile_world

    if file.endswith(POLICY):
        policy = load_policy(file)
        found = {"kind": "policy", "algorithm": policy.card.algorithm, "seeds": policy.n_seeds}
        place = policy.place
        size = _size(place) if isinstance(place, World) else {"world": place.name}
        return found | size, f"a policy of {policy.card.title} for {place.name}."
    world = read_world(file)
    try:
        advice = list(world.advice(compile_world(world.at_step(0))))
    except SandboxError as error:  # a good file, of a world that has no model
        advice = [*world.advice(), f"{error.message[:1].upper()}{error.message[1:]}"]
    text = " ".join((f"the world {world.name}, {world.height} x {world.width}.", *advice))
    return {"kind": "world", "advice": advice, **_size(world)}, text


def _size(world: World) -> dict[str, Any]:
    return {
        "world": world.name,
        "height": world.height,
        "width": world.width,
        "states": world.n_states,
        "actions": [action.name for action in world.actions],
    }


def render(options: Namespace) -> Answer:
    """Draw a world, with overlays of a policy or of the optimal values."""
    from rlsandbox.cli.pictures import draw
    from rlsandbox.policies.files import load_policy

    world = named_world(options.world)
    policy = load_policy(options.policy).on(world) if options.policy else None
    kind = Path(options.output).suffix.lower().removeprefix(".")
    if kind not in ("png", "svg"):
        raise UsageError(f"a picture's name ends in .png or .svg, not like {options.output!r}.", "-o")
    shown = draw(world, policy, options, kind)
    return _written(options.output, world=options.world, overlays=shown, warning=policy and policy.warning)


def _written(file: str, **more: Any) -> Answer:
    return Answer({"file": file, "bytes": os.path.getsize(file), **more}, f"Wrote {file}.")


def writable_folder(name: str) -> Path:
    """A folder, made where there is none yet.

    Raises:
        SandboxError: it cannot be made or written to.
    """
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SandboxError(f"the folder cannot be made: {error.strerror}.", name) from error
    if not os.access(folder, os.W_OK):
        raise SandboxError("the folder cannot be written to.", name)
    return folder


def named_world(name: str | None) -> World:
    """The world of an argument.

    Raises:
        UsageError: no world is named, or there is none of that name.
        SandboxError: its file is malformed.
    """
    return _named(name, open_world)


def _named(name: str | None, opened: Callable[[str], _Where]) -> _Where:
    if name is None:
        raise UsageError(f"say where with --world: a file, or one of {', '.join(gallery())}.")
    try:
        return opened(name)
    except SandboxError as error:
        if os.path.lexists(name):
            raise
        raise UsageError(error.message, error.place) from None
