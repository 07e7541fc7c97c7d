"""The agent: which algorithm, with which hyperparameters, seeds and budget; and the buttons that run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rlsandbox.algorithms import registry
from rlsandbox.learning.problem import Enumerable, Problem, Simulated
from rlsandbox.studio.controls import (
    ChoiceRow,
    IconButton,
    Notice,
    NumberRow,
    PrimaryButton,
    Section,
    text_label,
    wrapped,
)
from rlsandbox.studio.panels.algorithm_picker import AlgorithmPicker
from rlsandbox.studio.panels.hyperparameter_form import HyperparameterForm
from rlsandbox.studio.panels.number_rows import AmountRow
from rlsandbox.studio.panels.policy_row import PolicyRow
from rlsandbox.studio.panels.preset_row import DEFAULT, PresetRow
from rlsandbox.studio.panels.shaping_note import ShapingNote
from rlsandbox.studio.panels.start_row import StartRow
from rlsandbox.worlds.errors import SandboxError
from rlsandbox.worlds.world import World

MOST_SEEDS = 64
_FIRST_EPISODES, _FIRST_STEPS = 500, 10_000
_FIRST_SWEEPS = 100_000  # planners end by themselves, and policy iteration takes thousands


@dataclass(frozen=True)
class _Face:
    """What the buttons are in one state: the primary one's text, icon and signal, and which others work."""

    text: str
    icon: str
    signal: str
    enabled: frozenset[str]
    locked: bool = False


# The texts are translated where they are shown.
_BEGIN = frozenset({"step", "episode"})
_FACES = {
    "empty": _Face("Train", "play", "train_clicked", _BEGIN),
    "idle": _Face("Train", "play", "train_clicked", _BEGIN | {"reset"}),
    "training": _Face("Pause", "pause", "pause_clicked", frozenset({"stop"}), locked=True),
    "paused": _Face("Resume", "play", "continue_clicked", _BEGIN | {"stop", "reset"}, locked=True),
    "finished": _Face("Continue", "play", "continue_clicked", frozenset({"reset"})),
    "failed": _Face("Train anew", "play", "train_clicked", frozenset({"reset"})),
}


class AgentPanel(QWidget):
    """Picker, form and buttons.

    A run is begun by `train_clicked`; `continue_clicked` goes on with the one that is there, be it paused or
    at the end of its budget. What `run_request` says then is what the panel shows.
    """

    train_clicked = Signal()
    pause_clicked = Signal()
    continue_clicked = Signal()
    step_clicked = Signal()
    episode_clicked = Signal()
    stop_clicked = Signal()
    reset_clicked = Signal()
    hyperparameter_edited = Signal(str, object)
    """A hyperparameter was changed that a run can take over while it goes on: name and value."""
    algorithm_changed = Signal(str)
    notice_action = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make the panel with the first algorithm of the registry, in the state "empty"."""
        super().__init__(parent)
        self._state = "empty"
        self._begun: dict[str, Any] | None = None
        self._begun_with: tuple[object, object] = None, None
        self._problem: Enumerable | None = None
        self._kind: type[Problem] = Enumerable
        self._advice = ""
        self._said = ("", "info", "")
        self._lent: tuple[int, int] | None = None  # episodes of an algorithm's own, and those of the others
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        for section in (self._make_picker(), self._make_form(), self._make_buttons(), self._make_more()):
            outer.addWidget(section)
        outer.addStretch(1)
        self._show_algorithm(self.picker.algorithm())
        self.set_state("empty")

    def _make_picker(self) -> Section:
        section = Section(self.tr("Agent"), spacing=10)
        self.picker = AlgorithmPicker()
        self.picker.picked.connect(self._pick)
        self._equation = wrapped(text_label("", "dim", 12))
        section.add(self.picker, self._equation)
        return section

    def _make_form(self) -> Section:
        section = Section()
        self.form = HyperparameterForm()
        self.form.edited.connect(self._edited)
        self.caution = wrapped(text_label("", "dim", 12))
        self.preset, self.policy_file, self.start_row = PresetRow(), PolicyRow(), StartRow()
        self.preset.edited.connect(self._take_preset)
        self.policy_file.changed.connect(self._refresh)
        self.start_row.changed.connect(self._refresh)
        self.seeds = NumberRow(
            self.tr("Seeds"),
            16,
            1,
            MOST_SEEDS,
            integer=True,
            choices=(1, 2, 4, 8, 16, 32, 64),
            tooltip=self.tr(
                "How many agents learn side by side; a curve shows their median and their spread."
            ),
        )
        self.first_seed = NumberRow(
            self.tr("First seed"),
            0,
            0,
            None,
            integer=True,
            tooltip=self.tr(
                "The agents take this seed and the ones after it; the same seed learns the same."
            ),
        )
        self.first_seed.field.setFixedWidth(64)
        self.budget = AmountRow(
            self.tr("Train for"),
            _FIRST_EPISODES,
            10**12,
            tooltip=self.tr("Budget of each seed; Continue adds it again."),
        )
        self.device = ChoiceRow(
            self.tr("Device"),
            [("cpu", "CPU")],
            "cpu",
            tooltip=self.tr("Tables are trained on the processor, compiled."),
        )
        self.device.combo.setEnabled(False)
        for row in (self.seeds, self.first_seed, self.budget):
            row.edited.connect(self._refresh)
        rows = self.preset, self.form, self.caution, self.policy_file, self.seeds, self.budget, self.start_row
        section.add(*rows)
        return section

    def _make_more(self) -> Section:
        section = Section(self.tr("More settings"), collapsible=True)
        self.shaping = ShapingNote()
        section.add(self.form.more, self.shaping, self.first_seed, self.device)
        section.set_folded(True)
        return section

    def _make_buttons(self) -> Section:
        section = Section(spacing=8)
        self.primary = PrimaryButton(self.tr("Train"), "play")
        self.primary.clicked.connect(self._press)
        self.buttons = {
            "step": IconButton("step-forward", self.tr("One step, with its update written out")),
            "episode": IconButton("skip-end", self.tr("Run to the end of the episode")),
            "stop": IconButton("stop", self.tr("Stop: end this run, keep what it has learnt")),
            "reset": IconButton("reset", self.tr("Reset: forget what was learnt")),
        }
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.primary, 1)
        for name, button in self.buttons.items():
            button.clicked.connect(getattr(self, f"{name}_clicked"))
            line.addWidget(button)
        self._notice = Notice()
        self._notice.activated.connect(self.notice_action)
        section.body.addLayout(line)
        section.add(self._notice)
        return section

    # -- in ----------------------------------------------------------------------------------------

    def set_algorithm(self, algorithm: str, values: dict[str, Any] | None = None) -> None:
        """Show an algorithm and hyperparameters (those left out at their defaults), without a signal."""
        self.picker.select(algorithm)
        self._show_algorithm(algorithm)
        self.form.set_values(values or {})
        self._refresh()

    def suggest(self, values: Mapping[str, Any], episodes: int) -> None:
        """Show what a world suggests; hyperparameters that it leaves out go back to their defaults."""
        self.set_algorithm(self.picker.algorithm(), dict(values))
        if registry()[self.picker.algorithm()].unit == "steps":
            own = self.preset.preset(DEFAULT).episodes or episodes
            self.budget.set_value(("episodes", min(own, episodes)))
        self._refresh()

    def set_run(self, request: dict[str, Any]) -> None:
        """Show what a run was begun with, as `run_request` gives it."""
        self.set_algorithm(request["algorithm"], request["config"])
        self.policy_file.set_probs(request.get("policy"))
        self.seeds.set_value(len(request["seeds"]))
        self.first_seed.set_value(request["seeds"][0])
        for unit in ("episodes", "steps"):
            if request[unit] is not None:
                counted = registry()[request["algorithm"]].unit if unit == "steps" else unit
                self.budget.set_value((counted, request[unit]))
        if "start" in request:
            self.start_row.set_value(request["start"])
        self._begun, self._begun_with = self.settings(), self._files()
        self._refresh()

    def set_world(self, world: World) -> None:
        """Ask what a learner would miss in a world."""
        self.policy_file.set_world(world)
        self._advice = " ".join(world.advice())
        self._refresh()

    def set_problem(self, problem: Problem | None, kind: type[Problem] = Enumerable) -> None:
        """The problem of now, or its kind while nobody knows more: what suits it, goals nobody reaches."""
        self._problem, self._kind = problem if isinstance(problem, Enumerable) else None, kind
        self.picker.set_problem(problem or kind)
        self.form.set_idle(registry()[self.picker.algorithm()].idle(kind))
        if self._problem is not None:
            self._advice = " ".join(self._problem.world.advice(self._problem.mdp))
        elif kind is Simulated:
            self._advice = ""
        self._refresh()

    def set_state(self, state: str) -> None:
        """Turn the buttons to "empty", "idle", "training", "paused", "finished" or "failed".

        Empty: nothing was learnt yet. Idle: an agent is there, but no run that could go on.
        """
        if state in ("training", "paused") and self._state not in ("training", "paused"):
            self._begun, self._begun_with = self.settings(), self._files()
        self._state = state
        self._refresh()

    def set_notice(self, text: str, role: str = "info", action_text: str = "") -> None:
        """Say a sentence under the buttons, in place of what the world lacks; an empty one takes it away."""
        self._said = (text, role, action_text)
        self._refresh()

    # -- out ---------------------------------------------------------------------------------------

    def run_request(self) -> dict[str, Any]:
        """What to train: fields of a `RunSpec` but the world; config is what differs from its defaults.

        A start is a `Start`, and left out where there is none.

        Raises:
            SandboxError: a policy is to be loaded, and there is none that fits the world.
        """
        start = self.start_row.value()
        policy = {"policy": self.policy_file.probs()} if self._loads() else {}
        return self.settings() | policy | ({} if start is None else {"start": start})

    def settings(self) -> dict[str, Any]:
        """The same, but for policies from files."""
        unit, amount = self.budget.value()
        first = int(self.first_seed.value())
        return {
            "algorithm": self.picker.algorithm(),
            "config": self.form.changed_values(),
            "seeds": tuple(range(first, first + int(self.seeds.value()))),
            "steps": None if unit == "episodes" else amount,
            "episodes": amount if unit == "episodes" else None,
        }

    def _loads(self) -> bool:
        """Whether a policy comes from a file."""
        return self.form.values().get("policy") == "loaded"

    def _files(self) -> tuple[object, object]:
        """What comes from files: a policy to evaluate, and networks to begin with."""
        return self.policy_file.value() if self._loads() else None, self.start_row.value()

    def state(self) -> str:
        """The state that was set."""
        return self._state

    # -- inside ------------------------------------------------------------------------------------

    def _face(self) -> _Face:
        """The state's buttons; a finished run cannot go on as something else, so that is a new one."""
        if self._state == "finished" and not self._same_run():
            return _FACES["idle"]
        return _FACES[self._state]

    def _same_run(self) -> bool:
        if self._begun is None:
            return True
        now, then = self.settings(), self._begun
        if any(now[name] != then[name] for name in ("algorithm", "seeds")):
            return False
        if any(now is not then for now, then in zip(self._files(), self._begun_with, strict=True)):
            return False
        fixed = [name for name in self.form.rows if not self.form.is_live(name)]
        return all(now["config"].get(name) == then["config"].get(name) for name in fixed)

    @Slot()
    def _refresh(self) -> None:
        face = self._face()
        faces = {
            "Train": self.tr("Train"),
            "Pause": self.tr("Pause"),
            "Resume": self.tr("Resume"),
            "Continue": self.tr("Continue"),
            "Train anew": self.tr("Train anew"),
        }
        self.primary.set_face(faces[face.text], face.icon)
        self.policy_file.setVisible(self._loads())
        misfit = self.picker.misfit()
        if not misfit and self._loads() and face.signal == "train_clicked":
            misfit = self.policy_file.sentence()
        self.primary.setEnabled(not misfit)
        for name, button in self.buttons.items():
            works = name in face.enabled and not (misfit and name in _BEGIN)
            if button.hasFocus() and not works:
                self.primary.setFocus()  # else Qt hands it on to whatever comes next
            button.setEnabled(works)
        self.form.set_running(face.locked)
        self.preset.follow(self.form.values())
        agent = registry()[self.picker.algorithm()]
        config = agent.Config.make(self.form.values())
        self.shaping.follow(self._problem, config)
        self.caution.setText(agent.caution(config))
        self.caution.setVisible(bool(agent.caution(config)))
        fixed = (self.picker, self.preset, self.policy_file, self.seeds, self.first_seed, self.budget)
        for widget in (*fixed, self.start_row.drop):
            widget.setEnabled(not face.locked)
        text, role, action = self._said
        if misfit:
            text, role, action = misfit, "warn", ""
        elif not text and self._state != "training":
            text, role, action = self._advice, "info", ""
        shown = (text, role, action)
        if shown != (self._notice.text(), self._shown_role, self._notice.action_button.text()):
            self._shown_role = role
            self._notice.say(text, role, action=action)
            if role == "bad":
                QTimer.singleShot(0, self._reveal)  # when it has got its place

    _shown_role = ""

    @Slot()
    def _reveal(self) -> None:
        """Scroll to the sentence."""
        column = self.parentWidget()
        while column is not None and not isinstance(column, QScrollArea):
            column = column.parentWidget()
        if column is not None:
            column.ensureWidgetVisible(self._notice, 0, 12)

    @Slot()
    def _press(self) -> None:
        getattr(self, self._face().signal).emit()

    @Slot(str)
    def _pick(self, algorithm: str) -> None:
        kept = self.form.changed_values()  # two algorithms are compared at the same step size
        self._show_algorithm(algorithm)
        self.form.set_values({name: value for name, value in kept.items() if _takes(algorithm, name, value)})
        self._refresh()
        self.algorithm_changed.emit(algorithm)

    def _show_algorithm(self, algorithm: str) -> None:
        agent = registry()[algorithm]
        self._equation.setText(agent.equation)
        self._equation.setToolTip(agent.source)
        self.form.set_algorithm(agent)
        self.form.set_idle(agent.idle(self._kind))
        self.preset.set_algorithm(agent)
        self.device.setVisible("device" not in agent.Config.model_fields)
        if self._lent is not None and self.budget.value() == ("episodes", self._lent[0]):
            self.budget.set_value(("episodes", self._lent[1]))
        if agent.unit == "sweeps":
            self.budget.set_units([("sweeps", self.tr("sweeps"), _FIRST_SWEEPS)])
        else:
            self.budget.set_units(
                [
                    ("episodes", self.tr("episodes"), _FIRST_EPISODES),
                    ("steps", self.tr("steps"), _FIRST_STEPS),
                ]
            )
        own, (unit, amount) = self.preset.preset(DEFAULT).episodes, self.budget.value()
        self._lent = (own, amount) if own is not None and unit == "episodes" else None
        if self._lent is not None:
            self.budget.set_value(("episodes", self._lent[0]))

    @Slot(object)
    def _take_preset(self, name: str) -> None:
        preset, agent = self.preset.preset(name), registry()[self.picker.algorithm()]
        before = self.form.values()
        self.form.set_values(agent.Config.make(preset.values).model_dump())
        if agent.unit == "steps":
            self.budget.set_value(("episodes", preset.episodes or _FIRST_EPISODES))
        self._refresh()
        for changed, value in self.form.values().items():
            if value != before[changed] and self.form.is_live(changed):
                self.hyperparameter_edited.emit(changed, value)

    @Slot(str, object)
    def _edited(self, name: str, value: object) -> None:
        if (name, value) == ("policy", "loaded") and self.policy_file.value() is None:
            self.policy_file.ask()
        self._refresh()
        if self.form.is_live(name):
            self.hyperparameter_edited.emit(name, value)


def _takes(algorithm: str, name: str, value: object) -> bool:
    """Whether an algorithm has a hyperparameter of this name, and it may be this."""
    try:
        registry()[algorithm].Config.make({name: value})
    except SandboxError:
        return False
    return True
