"""Perceptrons asked about few rows at a time, compiled: what an agent needs when it acts.

torch takes 60 to 150 us for a call, whatever there is to compute. These kernels take the very numbers that
torch learns, one row of one network at a time, so that other kernels can ask at every step that they make.
What a row gives depends neither on the rows nor on the replicas beside it, to the last bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rlsandbox.worlds.compiled import kernel

MOST_ROWS = 16
"""Rows a replica up to which this pays; with layers of 64 units up to some hundreds, of 512 up to 8."""
_ZERO, _HALF, _ONE, _TWO = np.float32(0), np.float32(0.5), np.float32(1), np.float32(2)
_FAR = np.float32(4.5)
"""The hyperbolic tangent of twice this is 1 in float32."""
_P0, _P1, _P2 = np.float32(135135), np.float32(17325), np.float32(378)
_Q0, _Q1, _Q2, _Q3 = np.float32(135135), np.float32(62370), np.float32(3150), np.float32(28)


class Perceptrons(NamedTuple):
    """Networks as kernels take them; network k of replica i is number i * kinds + k in each layer."""

    flat: Any  # [P] float32, the numbers themselves: layer by layer all weights [in, out], then all biases
    begins: Any  # [2 L] int64, where the weights and the biases of each layer begin
    widths: Any  # [L + 1] int64
    kinds: int  # networks of a replica
    first: int  # the first of them that is asked,
    asked: int  # and how many are
    squashes: bool  # hidden units are tanh, else rectified
    scratch: Any  # [N, 2, widest of these] float32, hidden units: a replica is one thread's at a time


@kernel
def ask(nets: Any, replica: int, kind: int, seen: Any, said: Any) -> None:
    """Fill `[widths[-1]]` with the outputs of a network for an observation `[D]` float32."""
    weight, bias = layer(nets, replica, kind, 0)
    weigh(seen, weight, bias, said if nets.widths.shape[0] == 2 else nets.scratch[replica, 0])
    finish(nets, replica, kind, said)


@kernel
def ask_hot(nets: Any, replica: int, kind: int, hot: int, said: Any) -> None:
    """The same where number `hot` of the observation is 1 and the others are 0."""
    out = said if nets.widths.shape[0] == 2 else nets.scratch[replica, 0]
    weight, bias = layer(nets, replica, kind, 0)
    row = weight[hot * bias.shape[0] : (hot + 1) * bias.shape[0]]
    for j in range(bias.shape[0]):
        out[j] = bias[j] + row[j]
    finish(nets, replica, kind, said)


@kernel
def finish(nets: Any, replica: int, kind: int, said: Any) -> None:
    """What follows the first layer, whose sums stand in the scratch."""
    last = nets.widths.shape[0] - 2
    for k in range(1, last + 1):
        x = nets.scratch[replica, (k - 1) % 2, : nets.widths[k]]
        if nets.squashes:
            squash(x)
        else:
            rectify(x)
        weight, bias = layer(nets, replica, kind, k)
        weigh(x, weight, bias, said if k == last else nets.scratch[replica, k % 2])


@kernel(inline="always")
def place_of(nets: Any, replica: int, kind: int, k: int) -> Any:
    """Where the weights `[in * out]` of layer k of a network begin and end, and where the biases `[out]`."""
    net, m = replica * nets.kinds + kind, nets.widths[k + 1]
    size, bias = nets.widths[k] * m, nets.begins[2 * k + 1] + net * m
    weight = nets.begins[2 * k] + net * size
    return weight, weight + size, bias, bias + m


@kernel(inline="always")
def layer(nets: Any, replica: int, kind: int, k: int) -> Any:
    """Weights `[in * out]` and biases `[out]` of layer k of a network."""
    w, w_end, b, b_end = place_of(nets, replica, kind, k)
    return nets.flat[w:w_end], nets.flat[b:b_end]


# "contract" lets a product be added unrounded, and nothing else: NaN and infinity stay what they are. A
# kernel that is inlined loses it, so these are called.


@kernel(fastmath={"contract"})
def weigh(x: Any, weight: Any, bias: Any, out: Any) -> None:
    """`out = x @ weight + bias`, eight rows of the weights at a time."""
    n, m = x.shape[0], bias.shape[0]
    for j in range(m):
        out[j] = bias[j]
    for i in range(0, n - 7, 8):
        x0, x1, x2, x3, x4, x5, x6, x7 = (
            x[i],
            x[i + 1],
            x[i + 2],
            x[i + 3],
            x[i + 4],
            x[i + 5],
            x[i + 6],
            x[i + 7],
        )
        rows = weight[i * m : (i + 8) * m]
        for j in range(m):
            one = x0 * rows[j] + x1 * rows[m + j] + x2 * rows[2 * m + j] + x3 * rows[3 * m + j]
            other = x4 * rows[4 * m + j] + x5 * rows[5 * m + j] + x6 * rows[6 * m + j] + x7 * rows[7 * m + j]
            out[j] += one + other
    for i in range(n - n % 8, n):
        row = weight[i * m : (i + 1) * m]
        for j in range(m):
            out[j] += x[i] * row[j]


@kernel
def rectify(x: Any) -> None:
    """Replace what is negative by 0."""
    for j in range(x.shape[0]):
        x[j] = _ZERO if x[j] < _ZERO else x[j]


@kernel(fastmath={"contract"}, error_model="numpy")
def squash(x: Any) -> None:
    """Replace each number by its hyperbolic tangent, to 2e-7; `np.tanh` takes 25 times as long.

    Lambert's continued fraction, tanh y = y / (1 + y^2 / (3 + y^2 / (5 + ...))), cut after 13, gives that of
    half the number, and tanh 2y = 2 tanh y / (1 + tanh^2 y) the whole (NIST Digital Library of Mathematical
    Functions, 4.39.1 and section 4.35(iii)); as tanh y is a quotient p / q, that is 2 p q / (q^2 + p^2). No
    term is negative, so nothing cancels.
    """
    for j in range(x.shape[0]):
        y = _HALF * x[j]
        y = _FAR if y > _FAR else y
        y = -_FAR if y < -_FAR else y
        z = y * y
        p = y * (_P0 + z * (_P1 + z * (_P2 + z)))
        q = _Q0 + z * (_Q1 + z * (_Q2 + z * _Q3))
        x[j] = _TWO * p * q / (q * q + p * p)


@kernel(nogil=False)
def ask_about(nets: Any, seen: Any, active: Any, said: Any) -> None:
    """Fill `[N, asked, B, widths[-1]]` of the active replicas `[N]` for observations `[N, B, D]`."""
    for i in range(active.shape[0]):
        if active[i]:
            for k in range(nets.asked):
                for b in range(seen.shape[1]):
                    ask(nets, i, nets.first + k, seen[i, b], said[i, k, b])


ask_about_hot = ask_about.bind(ask=ask_hot)
"""The same for `[N, B]` int64, the places of ones."""


def load_kernels() -> None:
    """Compile or load all that `Networks.few` may need."""
    seen, active, said = (
        np.zeros((1, 1, 1), np.float32),
        np.ones(1, np.bool_),
        np.zeros((1, 1, 1, 1), np.float32),
    )
    numbers, begins, widths = np.zeros(2, np.float32), np.array([0, 1]), np.array([1, 1])
    nets = Perceptrons(numbers, begins, widths, 1, 0, 1, True, np.zeros((1, 2, 1), np.float32))
    ask_about(nets, seen, active, said)
    ask_about_hot(nets, np.zeros((1, 1), np.int64), active, said)
