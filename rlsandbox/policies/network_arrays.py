"""Networks as named arrays and a description of how they are built, and back from what nobody vouches for.

The arrays of a network called `nets` are `nets.0.weight` `[N, kinds, in, out]`, `nets.0.bias`
`[N, kinds, out]` and so on, layer by layer, and those of convolutions before them `nets.look0.weight`
`[N, kinds, out, in, 3, 3]` and `nets.look0.bias`; all are float32.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rlsandbox.learning.network_policy import ACTING, NetworkNumbers, NetworkPolicy, Pair, Shapes, shapes_of
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.observations import OBSERVATIONS, observation
from rlsandbox.worlds.places import Place
from rlsandbox.worlds.world import World

_Size = Annotated[int, Field(ge=1, le=2**31)]
_Name = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,39}$")]
_PARTS = ("weight", "bias")


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Built(_Record):
    """How the networks of a name are built."""

    shape: Annotated[tuple[_Size, ...], Field(min_length=1, max_length=3)]
    hidden: Annotated[tuple[_Size, ...], Field(max_length=16)]
    heads: Annotated[dict[_Name, _Size], Field(min_length=1, max_length=16)]
    activation: Literal["tanh", "relu"]
    shared: bool


class _Description(_Record):
    """What a file says of networks beside their arrays."""

    networks: Annotated[dict[_Name, _Built], Field(min_length=1, max_length=16)]
    heads: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)]
    meaning: Literal["argmax", "mean", "tanh"]
    observation: str
    frames: Annotated[int, Field(ge=1, le=64)] = 1
    channels: tuple[str, ...] | None
    low: tuple[float, ...]
    high: tuple[float, ...]


def to_arrays(policy: NetworkPolicy) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Named arrays, and a description that JSON can hold."""
    description = _Description(
        networks={
            name: _Built(
                shape=nets.shape,
                hidden=nets.hidden,
                heads=nets.heads,
                activation=nets.activation,  # type: ignore[arg-type]
                shared=nets.shared,
            )
            for name, nets in policy.networks.items()
        },
        heads=policy.heads,
        meaning=policy.meaning,
        observation=policy.observation,
        frames=policy.frames,
        channels=policy.channels,
        low=policy.low,
        high=policy.high,
    )
    arrays = {
        f"{name}.{prefix}{k}.{part}": array
        for name, nets in policy.networks.items()
        for prefix, pairs in (("", nets.layers), ("look", nets.looks))
        for k, pair in enumerate(pairs)
        for part, array in zip(_PARTS, pair, strict=True)
    }
    return arrays, description.model_dump(mode="json")


def from_arrays(arrays: dict[str, NDArray[Any]], description: Any) -> NetworkPolicy:
    """The way back of `to_arrays`; the arrays are taken out of the dictionary.

    Raises:
        SandboxError: something does not fit.
    """
    try:
        found = _Description.model_validate(description)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part)[:40] for part in first["loc"])
        sentence = f"the description of its networks is damaged at {where}: {first['msg'][:120]}."
        raise SandboxError(sentence) from None
    first = arrays.get(f"{ACTING}.0.weight")
    n_seeds = first.shape[0] if first is not None and first.ndim else 0
    networks = {name: _numbers(arrays, name, built, n_seeds) for name, built in found.networks.items()}
    check(ACTING in networks, f"none of its networks is called {ACTING!r}.")
    known = networks[ACTING].heads
    check(all(head in known for head in found.heads), "its networks lack the heads that are to act.")
    if len(found.heads) == 2:
        fits = networks[ACTING].shared and known[found.heads[1]] == 1
        check(fits, "advantages and a value must stand on one trunk.")
    ranges = np.array([found.low, found.high]) if len(found.low) == len(found.high) else np.empty((0, 1))
    size = known[found.heads[0]]
    fits = ranges.shape[1] == 0 if found.meaning == "argmax" else 1 <= ranges.shape[1] <= size
    check(len(ranges) == 2 and fits, "the ranges of its actions do not fit its networks.")
    check(bool((ranges[0] < ranges[1]).all()), "the ranges of its actions must go from low to high.")
    return NetworkPolicy(
        networks,
        found.heads,
        found.meaning,
        found.observation,
        found.channels,
        found.low,
        found.high,
        found.frames,
    )


def _numbers(arrays: dict[str, NDArray[Any]], name: str, built: _Built, n_seeds: int) -> NetworkNumbers:
    check(len(built.shape) != 2, "networks see numbers or pictures, not tables.")
    layers, looks = shapes_of(n_seeds, built.shape, built.hidden, built.heads, built.shared)
    return NetworkNumbers(
        built.shape,
        built.heads,
        built.activation,
        built.shared,
        tuple(_pair(arrays, f"{name}.{k}", shapes) for k, shapes in enumerate(layers)),
        tuple(_pair(arrays, f"{name}.look{k}", shapes) for k, shapes in enumerate(looks)),
    )


def _pair(arrays: dict[str, NDArray[Any]], name: str, shapes: Shapes) -> Pair:
    weight, bias = (
        _array(arrays, f"{name}.{part}", shape) for part, shape in zip(_PARTS, shapes, strict=True)
    )
    return weight, bias


def _array(arrays: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    array = arrays.pop(name, None)
    if array is None:
        raise SandboxError(f"it lacks the array {name!r}.")
    check(array.dtype == np.float32, f"the array {name!r} must hold float32 numbers.")
    check(array.shape == shape, f"the array {name!r} is {array.shape}, but its description says {shape}.")
    check(bool(np.isfinite(array).all()), f"the array {name!r} holds NaN or infinite numbers.")
    return array


def check_fits(policy: NetworkPolicy, place: Place, n_actions: int) -> None:
    """Refuse networks that do not belong to a world; of an environment nothing is asked, or it would run.

    Raises:
        SandboxError: they see something else, or choose something else.
    """
    numbered = policy.meaning == "argmax"
    size = policy.acting.heads[policy.heads[0]] if numbered else len(policy.low)
    check(size == n_actions, "its networks choose other actions than its world has.")
    if isinstance(place, World):
        check(numbered, "its networks choose other actions than its world has.")
        _check_seen(policy, place)
    else:
        wanted = 3 if policy.observation == "picture" else 1
        kinds = ("discrete", "box", "picture")
        plain = policy.channels is None and policy.frames == 1
        fits = policy.observation in kinds and len(policy.acting.shape) == wanted and plain
        check(fits, "its networks see what no simulation shows.")


def _check_seen(policy: NetworkPolicy, world: World) -> None:
    check(policy.observation in OBSERVATIONS, "its networks see what no drawn world shows.")
    kind = observation(policy.observation)
    options = {} if policy.channels is None else {"channels": policy.channels}
    unknown = sorted(options.keys() - kind.options.keys())
    check(kind.shape is not None and not unknown, "its networks see what no drawn world shows.")
    if kind.shape is not None:
        first, *rest = kind.shape(world, **{**kind.options, **options})
        seen = (policy.frames * first, *rest)
        check(
            policy.acting.shape == seen,
            f"its networks see {policy.acting.shape}, but its world shows {seen}.",
        )
