"""Checkpoints: a whole run in one file, to go on from bit by bit, in another process, on another day.

A checkpoint holds what the run was asked for, the commands given since, each with the step at which it came,
the newest boundary's state, and the step to replay to from there. Arrays are safetensors, the rest is JSON:
nothing in it is code.
"""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rlsandbox.policies.network_arrays import from_arrays, to_arrays
from rlsandbox.policies.tensors import load_tensors, save_tensors
from rlsandbox.training.history import Moment
from rlsandbox.training.session import Command, HyperparameterChange, RunSpec, TrainingSession, WorldEdit
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.places import Place, dumps, loads

FORMAT = "rlsandbox.checkpoint"
VERSIONS = (1,)
SUFFIX = ".rlcheckpoint"
MAX_BYTES = 2**30

_Count = Annotated[int, Field(ge=0, lt=2**63)]
_Budget = Annotated[int, Field(ge=1, lt=2**63)] | None
_Values = dict[str, bool | int | float | str | None]

_POLICY = "given.policy"
"""Name of the array that holds the policy to be evaluated."""
_START = "start."
"""What the names of arrays begin with that hold the networks to begin with."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Change(_Record):
    """A command: values of hyperparameters, or the number of a world."""

    clock: _Count
    values: _Values | None = None
    world: _Count | None = None


class _Run(_Record):
    """What the file says beside the arrays; worlds are numbers in the list of worlds."""

    format: Literal["rlsandbox.checkpoint"]
    version: Literal[1]
    worlds: list[str]
    algorithm: str
    world: _Count
    config: _Values
    seeds: list[_Count]
    steps: _Budget
    episodes: _Budget
    step_budget: _Budget
    episode_budget: _Budget
    commands: list[_Change]
    edits: list[tuple[float, str]]
    clock: _Count
    moment_clock: _Count
    moment_world: _Count
    moment_config: _Values
    moment_commands: _Count
    start: dict[str, Any] | None = None


def save_checkpoint(session: TrainingSession, path: str | os.PathLike[str]) -> None:
    """Write a run to a file, whole or not at all; the session itself goes on unchanged.

    Raises:
        SandboxError: the file cannot be written.
    """
    moment, spec = session.checkpoint_moment(), session.spec
    worlds: list[str] = []

    numbers, begun = ({}, None) if spec.start is None else to_arrays(spec.start)

    def number(world: Place) -> int:
        text = dumps(world)
        if text not in worlds:
            worlds.append(text)
        return worlds.index(text)

    def change(clock: int, command: Command) -> _Change:
        if isinstance(command, WorldEdit):
            return _Change(clock=clock, world=number(command.world))
        return _Change(clock=clock, values=command.values)

    run = _Run(
        format=FORMAT,
        version=VERSIONS[-1],
        worlds=worlds,
        algorithm=spec.algorithm,
        world=number(spec.world),
        config=spec.config,
        seeds=list(spec.seeds),
        steps=spec.steps,
        episodes=spec.episodes,
        step_budget=session.step_budget,
        episode_budget=session.episode_budget,
        commands=[change(clock, command) for clock, command in session.commands],
        edits=session.edits,
        clock=session.clock,
        moment_clock=moment.clock,
        moment_world=number(moment.world),
        moment_config=moment.config.model_dump(mode="json"),
        moment_commands=moment.n_commands,
        start=begun,
    )
    description = run.model_dump(mode="json") | {"worlds": worlds}
    given = {} if spec.policy is None else {_POLICY: spec.policy}
    start = {_START + name: array for name, array in numbers.items()}
    save_tensors(path, {**moment.state, **given, **start}, description)


def load_checkpoint(path: str | os.PathLike[str]) -> TrainingSession:
    """The run of a file, standing where it stood; going on is exactly what it would have been.

    Raises:
        SandboxError: the file is missing, too large, damaged, or its parts do not fit each other.
    """
    arrays, description = load_tensors(path, FORMAT, VERSIONS, MAX_BYTES)
    place = os.fspath(path)
    try:
        run = _Run.model_validate(description)
        worlds = [loads(text) for text in run.worlds]
        used = [run.world, run.moment_world, *(c.world for c in run.commands if c.world is not None)]
        check(max(used) < len(worlds), "it names a world that it does not hold.")
        begun = [name for name in arrays if name.startswith(_START)]
        numbers = {name.removeprefix(_START): arrays.pop(name) for name in begun}
        spec = RunSpec(
            run.algorithm,
            worlds[run.world],
            dict(run.config),
            tuple(run.seeds),
            run.steps,
            run.episodes,
            arrays.pop(_POLICY, None),
            None if run.start is None else from_arrays(numbers, run.start),
        )
        session = TrainingSession(spec)
        session.commands = [(change.clock, _command(change, worlds)) for change in run.commands]
        check(run.moment_commands <= len(session.commands), "it has fewer commands than it says.")
        config = type(session.agent).Config.make(dict(run.moment_config))
        moment = Moment(run.moment_clock, arrays, worlds[run.moment_world], config, run.moment_commands)
        _at(moment, spec).agent.check_state(arrays)
        session.step_budget, session.episode_budget = run.step_budget, run.episode_budget
        session.go_to(moment, until=run.clock)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part)[:40] for part in first["loc"])
        raise SandboxError(f"the checkpoint is damaged at {where}: {first['msg'][:120]}.", place) from None
    except SandboxError as error:
        raise SandboxError(f"the checkpoint is damaged: {error.message}", place) from None
    session.edits = list(run.edits)
    return session


def _at(moment: Moment, spec: RunSpec) -> TrainingSession:
    """A run in the moment's world that has done nothing, to compare its state with."""
    config = moment.config.model_dump()
    session = TrainingSession(RunSpec(spec.algorithm, spec.world, config, spec.seeds, policy=spec.policy))
    session.replace_world(moment.world)
    return session


def _command(change: _Change, worlds: list[Place]) -> Command:
    if change.world is not None:
        return WorldEdit(worlds[change.world])
    return HyperparameterChange(dict(change.values or {}))
