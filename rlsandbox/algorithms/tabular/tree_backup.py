"""Tree backup: off-policy learning from n steps without importance sampling.

    G = R + gamma [ sum_{a != A'} pi(a|S') Q(S', a) + pi(A'|S') G' ],
    the last one being R + gamma sum_a pi(a|S') Q(S', a)
    Q(S[t], A[t]) <- Q(S[t], A[t]) + alpha [ G - Q(S[t], A[t]) ]

The action that was taken hands on what came of it, by its chance under pi; those that were not taken stand
in with their values. pi is the policy that Expected SARSA learns: with n = 1 they are the same method. Pairs
that are left at an episode's end are updated within its last step, as in n-step SARSA.

Sources: Precup, Sutton & Singh (2000); Sutton & Barto, 2nd edition, section 7.5.
"""

from __future__ import annotations

from typing import Any

from rlsandbox.learning.exploration import chance, expected, expected_by
from rlsandbox.learning.n_step_control import Joint, NStepControl
from rlsandbox.learning.ring import Kept, back, emptied, keep, of_pair, tell_of
from rlsandbox.learning.stepping import stepping, tell
from rlsandbox.learning.walk import Index
from rlsandbox.worlds.compiled import kernel


@kernel(inline="always")
def learn(tables: Any, model: Any, t: Any, now: Any, rng: Any, record: Any, telling: Any) -> Any:
    """Learn from a step `t` what was done n steps before."""
    q, pairs, paid, told, n = tables.q, tables.pairs, tables.paid, tables.told, tables.pairs.shape[0]
    newest, held = keep(tables, t)
    next_value = 0.0
    if not t.terminated:
        next_value = expected(q[Index(t.s_next)], now.kind, now.level)
    if telling:
        told[:] = 0.0
        tell(record, t, now, -1, q[t.s, t.a], q[t.s, t.a], q[t.s, t.a], next_value)
    fewest = 1 if t.terminated or t.truncated else n
    for length in range(held, fewest - 1, -1):
        at, target = newest, paid[newest, 0] + now.gamma * next_value
        for i in range(length - 1, 0, -1):
            s, a = Index(pairs[at, 0]), Index(pairs[at, 1])
            p = chance(q[s], a, now.kind, now.level)
            leaves = expected(q[s], now.kind, now.level) - p * q[s, a]
            at = back(at, n)
            target = paid[at, 0] + now.gamma * (leaves + p * target)
            if telling and length == held:
                told[i - 1, 3], told[i - 1, 4] = leaves, p
        s, a = Index(pairs[at, 0]), Index(pairs[at, 1])
        here, before = of_pair(now, tables.visits, s, a), q[s, a]
        td_error = target - before
        q[s, a] = before + here.alpha * td_error
        if telling:
            k = held - length
            told[k, 0], told[k, 1], told[k, 2] = before, target, q[s, a]
            if k == 0:
                tell_of(record, tables, at, t, here, -1, before, target, q[s, a], next_value)
    return rng, -1, False


class TreeBackup(NStepControl):
    """Tree backup (Precup et al., 2000): n steps, off-policy, no importance ratios."""

    title = "Tree backup"
    source = "Precup et al. (2000); Sutton & Barto, 2nd ed., section 7.5"
    equation = "G = r + γ [ Σ π(·|s′) Q(s′,·) without a′ + π(a′|s′) G′ ],  Q(s,a) ← Q(s,a) + α [ G − Q(s,a) ]"
    loop = stepping(learn, begin=emptied)

    def joints(self, steps: list[Kept], replica: int) -> list[Joint]:
        """The actions beside the way with their values, and the chance of going on along it."""
        q, level = self.tables.q[replica], self.level(int(self.walk.episodes[replica]))
        found = []
        for step in steps[1:]:
            values = q[step.state]
            pi = expected_by(values[None], self.exploration()[0], level)[0]
            p = float(pi[step.action])
            found.append(Joint(float(pi @ values) - p * float(values[step.action]), p))
        return found

    def successor(self, state: int, replica: int) -> float:
        """The mean over the actions that may follow."""
        q, level = self.tables.q[replica, state], self.level(int(self.walk.episodes[replica]))
        return float((expected_by(q[None], self.exploration()[0], level)[0] * q).sum())
