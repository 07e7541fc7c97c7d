"""What compiled code is kept by: everything that it is made from, and nothing else."""

from typing import NamedTuple

import numpy as np

from rlsandbox.worlds.compiled import kernel


class Point(NamedTuple):
    x: float


STEP = 2


@kernel
def add(a: float, b: float) -> float:
    return a + b


@kernel
def subtract(a: float, b: float) -> float:
    return a - b


@kernel
def twice(a: float) -> float:
    return add(a, STEP) + add(a, STEP)


def test_a_kernel_calls_what_is_bound():
    assert twice(1.0) == 6.0
    assert twice.bind(add=subtract)(1.0) == -2.0
    assert twice.bind(STEP=5)(1.0) == 12.0
    assert twice(1.0) == 6.0  # the one bound from is as it was


def test_the_digest_follows_callees_constants_and_options_alone():
    same = kernel(twice.function)
    assert same.digest == twice.digest
    others = [twice.bind(add=subtract), twice.bind(STEP=3), kernel(twice.function, error_model="numpy"), add]
    assert len({twice.digest, *(other.digest for other in others)}) == 5


def test_a_copy_elsewhere_is_the_same_kernel():
    source = "def grown(a):\n    return add(a, STEP)\n"
    digests = set()
    for place in ("/here/kernels.py", "/there/kernels.py"):
        names = {"add": add, "STEP": STEP}
        exec(compile(source, place, "exec"), names)
        digests.add(kernel(names["grown"]).digest)
    assert len(digests) == 1


def test_what_a_kernel_may_not_name_is_told():
    shared = np.zeros(3)

    def peeks() -> float:
        return TABLE[0]  # type: ignore[name-defined]  # noqa: F821

    try:
        _ = kernel(peeks).bind(TABLE=shared).digest
    except TypeError as error:
        assert "'TABLE', which is no constant" in str(error)
    else:
        raise AssertionError("an array is no constant")
    assert kernel(peeks).bind(TABLE=Point).digest
