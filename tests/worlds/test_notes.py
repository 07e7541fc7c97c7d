"""What is drawn for the eye or for shaping: a potential and a policy."""

from __future__ import annotations

import numpy as np
import pytest

from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.files import dumps, loads
from rlsandbox.worlds.mdp import compile_world, recompile
from rlsandbox.worlds.rules import Rules
from rlsandbox.worlds.text_maps import world_from_rows
from rlsandbox.worlds.world import World
from tests.worlds.test_recompile import assert_same

PLAIN = world_from_rows(("S..", "..G"))
DRAWN = PLAIN.with_cell((0, 1), potential=1.5, policy=2).with_cell((1, 1), policy=1)


def test_nothing_is_drawn_at_first():
    assert (PLAIN.potential.dtype, PLAIN.policy.dtype) == (np.float64, np.int16)
    assert PLAIN.potential.tolist() == [[0.0] * 3] * 2
    assert PLAIN.policy.tolist() == [[-1] * 3] * 2
    assert "potential" not in dumps(PLAIN)
    assert "policy" not in dumps(PLAIN)


def test_notes_are_part_of_a_world_only_when_they_are_there():
    assert DRAWN != PLAIN
    assert DRAWN.policy.tolist() == [[-1, 2, -1], [-1, 1, -1]]
    assert loads(dumps(DRAWN)) == DRAWN
    assert '{"cell": [0, 1], "potential": 1.5, "policy": 2}' in dumps(DRAWN)
    bare = DRAWN.with_cell((0, 1), potential=0.0, policy=-1).with_cell((1, 1), policy=-1)
    assert bare.digest == PLAIN.digest
    assert PLAIN.replace(potential=np.zeros((2, 3))).digest == PLAIN.digest
    assert PLAIN.with_cell((0, 0), potential=1.0).digest != PLAIN.with_cell((0, 1), potential=1.0).digest
    assert PLAIN.with_cell((0, 0), policy=0).digest != PLAIN.with_cell((0, 0), policy=1).digest


def test_notes_change_no_outcome():
    model = compile_world(PLAIN)
    again = recompile(model, PLAIN, DRAWN)
    assert again.prob is model.prob
    assert_same(again, compile_world(DRAWN))


def test_painting_and_erasing_leave_notes_alone():
    assert DRAWN.painted([(0, 1)], "ice").potential[0, 1] == 1.5
    assert DRAWN.erased([(0, 1)]) == DRAWN
    assert DRAWN.resized(1, 2).policy.tolist() == [[-1, 2]]
    assert DRAWN.resized(3, 3).policy[2].tolist() == [-1, -1, -1]


def test_a_policy_keeps_to_the_names_of_its_actions():
    eight = DRAWN.with_rules(moves=8).with_cell((0, 0), policy=5)  # down right
    assert eight.policy.tolist() == [[5, 2, -1], [-1, 1, -1]]
    four = eight.with_rules(moves=4)
    assert four.policy.tolist() == [[-1, 2, -1], [-1, 1, -1]]
    assert four.with_rules(moves=2).policy.tolist() == [[-1, -1, -1], [-1, 1, -1]], "right is 1 there as well"
    stays = PLAIN.with_rules(stay=True).with_cell((0, 0), policy=4)
    assert stays.with_rules(moves=8).policy[0, 0] == 8
    arms = world_from_rows(("aaS",), rules=Rules(moves=0)).with_cell((0, 2), policy=1)
    assert arms.painted([(0, 0)], "floor").policy[0, 2] == -1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda w: w.with_cell((1, 1), policy=4),
            r"policy, cell \(1, 1\): the drawn policy names one of the 4",
        ),
        (lambda w: w.with_cell((1, 1), policy=-2), "names one of the 4 actions"),
        (lambda w: w.with_cell((1, 1), policy=10**6), "names one of the 4 actions"),
        (lambda w: w.with_cell((0, 1), potential=np.nan), r"potential, cell \(0, 1\): a potential must be"),
        (lambda w: w.with_cell((0, 1), potential=np.inf), "a potential must be"),
        (lambda w: w.replace(potential=np.zeros((3, 3))), "potential"),
    ],
)
def test_wrong_notes_give_a_sentence(make, sentence):
    with pytest.raises(SandboxError, match=sentence):
        make(World.blank(2, 2))
