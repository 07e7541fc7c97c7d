"""Networks as ONNX, node by node: what other programs and small devices run."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlsandbox.learning.network_policy import NetworkPolicy
from rlsandbox.policies.saved import SavedPolicy
from rlsandbox.worlds.disk import write_atomically
from rlsandbox.worlds.errors import SandboxError, check

if TYPE_CHECKING:
    import onnx

OPSET, IR_VERSION = 17, 8
"""Of 2022, so that older readers know them."""
_MOST_BYTES = 2**31 - 2**20  # a protobuf message ends there
_BATCH = "batch"


def write_onnx(policy: SavedPolicy, path: str | os.PathLike[str], replica: int = 0) -> None:
    """Write one replica's network: input "observation", outputs "action" and "output", by batches.

    The observation is `[batch, D...]` float32 as the sandbox shows it (one-hot vectors, coordinates, windows,
    planes, pixels; of several frames the oldest first); of Gymnasium environments it is their own: numbers,
    `[batch]` int64, or pictures `[batch, H, W, channels]` uint8. The action is `[batch]` int64, the first of
    the best ones, or `[batch, A]` float32.

    Raises:
        SandboxError: the policy has no network or no such replica, the package onnx is not installed, or the
            file cannot be written.
    """
    network = policy.network
    if network is None:
        raise SandboxError("this policy is a table without networks: choose python or csv.")
    check(
        0 <= replica < network.n_seeds,
        f"this policy has the replicas 0 to {network.n_seeds - 1}, not {replica}.",
        "replica",
    )
    size = sum(w.nbytes for w, *_ in (*network.looks(replica), *network.layers(replica)))
    check(size < _MOST_BYTES, f"an ONNX file cannot hold networks of {size / 2**20:,.0f} MB.")
    about = {
        "algorithm": policy.card.title,
        "world": policy.place.name,
        "seed": policy.card.seeds[replica],
        "actions": policy.card.actions,
        "sees": network.observation,
        "frames": network.frames,
        "planes": network.channels,
    }
    model = _model(network, replica, about, policy.card.sandbox)
    write_atomically(path, model.SerializeToString())


class _Graph:
    """Nodes in a row, each of which takes what the one before gives."""

    def __init__(self, given: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.numbers: list[onnx.TensorProto] = []
        self.last = given

    def add(self, kind: str, *numbers: NDArray[Any], name: str = "", **attributes: Any) -> None:
        """A node that takes the last output and constants."""
        from onnx import helper, numpy_helper

        output = name or f"{kind.lower()}_{len(self.nodes)}"
        constants = [f"{output}_{k}" for k in range(len(numbers))]
        self.numbers += [
            numpy_helper.from_array(np.ascontiguousarray(array), constant)
            for array, constant in zip(numbers, constants, strict=True)
        ]
        self.nodes.append(helper.make_node(kind, [self.last, *constants], [output], output, **attributes))
        self.last = output


def _model(network: NetworkPolicy, replica: int, about: dict[str, Any], version: str) -> onnx.ModelProto:
    try:
        from onnx import TensorProto, checker, helper
    except ImportError:
        raise SandboxError(
            f"ONNX files need the package onnx: type `{sys.executable} -m pip install onnx`."
        ) from None
    graph = _Graph("observation")
    dims, kind = list(network.acting.shape), TensorProto.FLOAT
    if network.observation == "picture":
        dims, kind = [*dims[1:], dims[0]], TensorProto.UINT8
        graph.add("Cast", to=TensorProto.FLOAT)
        graph.add("Transpose", perm=[0, 3, 1, 2])
        graph.add("Div", np.array(255, np.float32))
    elif network.observation == "discrete":
        dims, kind = [], TensorProto.INT64
    _look(graph, network, replica)
    size = _compute(graph, network, replica)
    done = _choose(graph, network)
    outputs = [
        helper.make_tensor_value_info(name, of, [_BATCH, *shape])
        for name, of, shape in (("action", *done), ("output", TensorProto.FLOAT, [size]))
    ]
    seen = helper.make_tensor_value_info("observation", kind, [_BATCH, *dims])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "policy", [seen], outputs, graph.numbers),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="RL Sandbox",
        producer_version=version,
    )
    helper.set_model_props(model, {key: json.dumps(value) for key, value in about.items()})
    checker.check_model(model)
    return model


def _look(graph: _Graph, network: NetworkPolicy, replica: int) -> None:
    """Convolutions, and their features in a row."""
    looks = network.looks(replica)
    for weight, bias, stride in looks:
        graph.add("Conv", weight, bias, pads=[1, 1, 1, 1], strides=[stride, stride])
        graph.add("Relu")
    if looks:
        graph.add("Flatten")


def _compute(graph: _Graph, network: NetworkPolicy, replica: int) -> int:
    """Layers up to "output"; returns its size."""
    layers = network.layers(replica)
    for k, (weight, bias) in enumerate(layers):
        last = k == len(layers) - 1
        name = "output" if last else ""
        if k == 0 and network.observation == "discrete":  # a row of the weights
            graph.nodes.append(_gather(graph, weight))
            graph.add("Add", bias, name=name)
        else:
            graph.add("Gemm", weight, bias, name=name)
        if not last:
            graph.add("Tanh" if network.acting.activation == "tanh" else "Relu")
    return layers[-1][1].size


def _gather(graph: _Graph, weight: NDArray[np.float32]) -> onnx.NodeProto:
    from onnx import helper, numpy_helper

    graph.numbers.append(numpy_helper.from_array(np.ascontiguousarray(weight), "rows"))
    node = helper.make_node("Gather", ["rows", graph.last], ["row"], "row")
    graph.last = "row"
    return node


def _choose(graph: _Graph, network: NetworkPolicy) -> tuple[int, list[int]]:
    """From "output" to "action"; returns its kind and shape beside the batch."""
    from onnx import TensorProto

    if network.meaning == "argmax":
        graph.add("ArgMax", name="action", axis=1, keepdims=0)
        return TensorProto.INT64, []
    n = len(network.low)
    graph.add("Slice", np.array([0]), np.array([n]), np.array([1]))
    if network.meaning == "tanh":
        graph.add("Tanh")
    else:
        graph.add("Clip", np.array(-1, np.float32), np.array(1, np.float32))
    middle, half = network.reach
    graph.add("Mul", half)
    graph.add("Add", middle, name="action")
    return TensorProto.FLOAT, [n]
