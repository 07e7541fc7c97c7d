"""The bar under the canvas: play an episode frame by frame, and how fast training goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from rlsandbox.studio.controls import IconButton, Separator, SlimSlider
from rlsandbox.studio.theme import color, font, icon
from rlsandbox.training.pace import FIRST_PACE, PACES, Pace

PLAYING_SPEEDS = (1, 2, 5, 10, 20, 60)
"""Frames a second at which an episode is played; a screen shows no more."""
_FIRST_PLAYING_SPEED = 10
_NARROW = 760
"""Below this width the button that records keeps its icon alone."""
_TIGHT = 520
"""Below this width the way to the start is the Home key on the timeline alone."""
_LEAST = 400
_INSET = 5
"""From the edge of a slider to its groove."""

Mode = Literal["idle", "live", "episode"]


class Transport(QWidget):
    """Plays recorded episodes and sets the speed; it holds no episode, only which frame is shown.

    Three modes: `idle` (nothing was trained), `live` (what the agent does now), `episode` (a recorded one is
    played or scrubbed; the speed slider then sets the speed of playing). Space plays and pauses, comma and
    period step.
    """

    frame_changed = Signal(int)
    """Which frame of the episode is to be shown, 0 to `n_frames - 1`."""
    play_toggled = Signal(bool)
    record_clicked = Signal()
    """An episode of the current policy is wanted; `set_episode` brings it."""
    live_clicked = Signal()
    speed_changed = Signal(object)
    """The `Pace` at which to train."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(56)
        self.setAccessibleName(self.tr("Transport"))
        self._mode: Mode | None = None
        self._pace = FIRST_PACE
        self._playing_speed = _FIRST_PLAYING_SPEED
        self._title = ""
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._advance)
        self._build()
        self.set_idle()

    def _build(self) -> None:
        self.first = IconButton("skip-start", self.tr("To the start of the episode"), flat=True)
        self.back = IconButton("step-back", self.tr("One step back (,)"), flat=True)
        self.play = IconButton("play", "", disc=True, side=34)
        self.forward = IconButton("step-forward", self.tr("One step forward (.)"), flat=True)
        self.timeline = SlimSlider(0, 0)
        self.timeline.setAccessibleName(self.tr("Step of the episode"))
        self.record = QPushButton(icon("record", "dim"), "")
        self.live = QPushButton(self.tr("Live"))
        self.live.setToolTip(self.tr("Back to what the agent does now (Esc)"))
        for button in (self.record, self.live):
            button.setProperty("dense", True)
            button.setIconSize(QSize(14, 14))
            button.setFixedHeight(24)
        self.speed_slider = SlimSlider(0, len(PACES) - 1)
        self.speed_slider.setPageStep(1)
        self.readout, self.speed_text = Readout(12), Readout(11)

        line = QHBoxLayout(self)
        line.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)  # see minimumSizeHint
        line.setContentsMargins(14, 0, 14, 0)
        line.setSpacing(4)
        for button in (self.first, self.back, self.play, self.forward):
            line.addWidget(button)
        line.addSpacing(8)
        line.addLayout(_stack(self.readout, self.timeline), 1)
        line.addSpacing(8)
        line.addWidget(self.record)
        line.addWidget(self.live)
        line.addSpacing(8)
        separator = Separator(Qt.Orientation.Vertical)
        separator.setFixedHeight(28)
        line.addWidget(separator)
        line.addSpacing(8)
        line.addLayout(_stack(self.speed_text, self.speed_slider))
        texts = [self._pace_text(pace) for pace in PACES]
        self.speed_slider.setFixedWidth(self.speed_text.width_of(texts))

        self.first.clicked.connect(self._to_start)
        self.back.clicked.connect(self.step_back)
        self.play.clicked.connect(self.toggle_play)
        self.forward.clicked.connect(self.step_forward)
        self.timeline.valueChanged.connect(self._on_frame)
        self.timeline.sliderPressed.connect(self.pause)
        self.record.clicked.connect(self.record_clicked)
        self.live.clicked.connect(self.live_clicked)
        self.speed_slider.valueChanged.connect(self._on_speed)

    # -- what is shown ----------------------------------------------------------------------------

    def set_idle(self) -> None:
        """There is no agent yet."""
        self.readout.set_texts("", "")
        self._enter("idle")

    def set_live(self, step_text: str, episode_text: str) -> None:
        """Show what the agent does now; cheap enough for every frame."""
        self.readout.set_texts(step_text, episode_text)
        self._enter("live")

    def set_episode(self, n_frames: int, title: str, markers: Sequence[tuple[int, str]] = ()) -> None:
        """Show a recorded episode from its first frame, and play it.

        Args:
            n_frames: how many frames it has, one more than steps; at least 1.
            title: what is written at its end.
            markers: pairs of a frame and a colour of the theme.
        """
        self.pause()
        self.timeline.blockSignals(True)
        self.timeline.setRange(0, n_frames - 1)
        self.timeline.setPageStep(max(1, n_frames // 10))
        self.timeline.setValue(0)
        self.timeline.blockSignals(False)
        self.timeline.set_markers(markers)
        self._title = title
        self._enter("episode")
        self._show_frame()
        self.toggle_play()

    def mode(self) -> Mode:
        """What the bar shows."""
        return self._mode or "idle"

    def frame(self) -> int:
        """The frame of the episode that is shown."""
        return self.timeline.value()

    def set_frame(self, frame: int) -> None:
        """Go to a frame; one beyond the ends is taken for the end."""
        self.timeline.setValue(frame)

    def speed(self) -> Pace:
        """The speed of training."""
        return self._pace

    def is_playing(self) -> bool:
        """Whether an episode is being played."""
        return self._timer.isActive()

    # -- what one can do --------------------------------------------------------------------------

    @Slot()
    def toggle_play(self) -> None:
        """Play or pause the episode, from the start if it is over; without one, ask for one."""
        if self._mode == "live":
            self.record_clicked.emit()
        if self._mode != "episode":
            return
        if self.is_playing():
            self.pause()
        elif self.timeline.maximum() > 0:
            if self.frame() == self.timeline.maximum():
                self.set_frame(0)
            self._timer.start(self._interval())
            self._show_playing()
            self.play_toggled.emit(True)

    @Slot()
    def pause(self) -> None:
        """Stop playing."""
        if self.is_playing():
            self._timer.stop()
            self._show_playing()
            self.play_toggled.emit(False)

    @Slot()
    def step_back(self) -> None:
        """One frame back, at rest."""
        self._step_by(-1)

    @Slot()
    def step_forward(self) -> None:
        """One frame on, at rest."""
        self._step_by(1)

    def _step_by(self, frames: int) -> None:
        if self._mode == "episode":
            self.pause()
            self.set_frame(self.frame() + frames)

    @Slot()
    def _to_start(self) -> None:
        self.pause()
        self.set_frame(0)

    @Slot()
    def _advance(self) -> None:
        self.set_frame(self.frame() + 1)
        if self.frame() == self.timeline.maximum():
            self.pause()

    @Slot(int)
    def _on_frame(self, frame: int) -> None:
        self._show_frame()
        self.frame_changed.emit(frame)

    @Slot(int)
    def _on_speed(self, stop: int) -> None:
        if self._mode == "episode":
            self._playing_speed = PLAYING_SPEEDS[stop]
            if self.is_playing():
                self._timer.setInterval(self._interval())
        else:
            self._pace = PACES[stop]
            self.speed_changed.emit(self._pace)
        self._show_speed()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that the control in focus has no use for."""
        keys: dict[int, Callable[[], None]] = {
            Qt.Key.Key_Space: self.toggle_play,
            Qt.Key.Key_Comma: self.step_back,
            Qt.Key.Key_Period: self.step_forward,
        }
        act = keys.get(event.key())
        if act is None or event.modifiers():
            super().keyPressEvent(event)
        else:
            act()

    def minimumSizeHint(self) -> QSize:
        """Less than what is shown now needs, since a narrow bar shows less."""
        return QSize(_LEAST, 56)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.first.setVisible(self.width() >= _TIGHT)
        self._show_record()

    # -- how it is written ------------------------------------------------------------------------

    def _enter(self, mode: Mode) -> None:
        if mode == self._mode:
            return
        if mode != "episode":
            self.pause()
        self._mode = mode
        scrubs = mode == "episode"
        for widget in (self.first, self.back, self.forward):
            widget.setEnabled(scrubs)
        for widget in (self.play, self.record):
            widget.setEnabled(mode != "idle")
        self.timeline.setVisible(scrubs)
        self.live.setVisible(scrubs)
        self._show_record()
        self._show_playing()
        self.speed_slider.blockSignals(True)
        self.speed_slider.setMaximum((len(PLAYING_SPEEDS) if scrubs else len(PACES)) - 1)
        self.speed_slider.setValue(
            PLAYING_SPEEDS.index(self._playing_speed) if scrubs else PACES.index(self._pace)
        )
        self.speed_slider.blockSignals(False)
        name = self.tr("Speed of the episode") if scrubs else self.tr("Speed of training")
        self.speed_slider.setToolTip(name)
        self.speed_slider.setAccessibleName(name)
        self._show_speed()

    def _interval(self) -> int:
        """Milliseconds a frame."""
        return round(1000 / self._playing_speed)

    def _show_record(self) -> None:
        text = self.tr("New episode") if self._mode == "episode" else self.tr("Record episode")
        # Qt sets a text close to its icon; a space stands between.
        self.record.setText(f" {text}" if self.width() >= _NARROW else "")
        self.record.setAccessibleName(text)
        self.record.setToolTip(
            self.tr("Train first: then an episode of the policy can be watched here")
            if self._mode == "idle"
            else self.tr("{0}: watch the policy as it is now, without exploration (F8)").format(text)
        )

    def _show_speed(self) -> None:
        scrubs = self._mode == "episode"
        pace = Pace(steps_per_second=self._playing_speed) if scrubs else self._pace
        self.speed_text.set_texts(self._pace_text(pace))

    def _show_frame(self) -> None:
        step = self.tr("step {0:,} of {1:,}").format(self.frame(), self.timeline.maximum())
        self.readout.set_texts(step, self._title)

    def _show_playing(self) -> None:
        if self.is_playing():
            self.play.set_icon("pause", self.tr("Pause (Space)"))
        elif self._mode == "episode":
            self.play.set_icon("play", self.tr("Play the episode (Space)"))
        else:
            self.play.set_icon("play", self.tr("Watch an episode of the policy (Space)"))

    def _pace_text(self, pace: Pace) -> str:
        if pace.steps_per_second is not None:
            unit = self.tr("step/s") if pace.steps_per_second == 1 else self.tr("steps/s")
            return f"{pace.steps_per_second:,g} {unit}"
        if pace.episodes_per_second is not None:
            return self.tr("{0:,g} episodes/s").format(pace.episodes_per_second)
        return self.tr("as fast as it goes")


class Readout(QWidget):
    """A line of quiet text, left and right, that may change with every frame: nothing is laid out anew."""

    def __init__(self, size_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(font(size_px))
        self.setFixedHeight(self.fontMetrics().height())
        self._texts = ("", "")

    def texts(self) -> tuple[str, str]:
        """What stands left and right."""
        return self._texts

    def set_texts(self, left: str, right: str = "") -> None:
        """Write left and right; where both do not fit, the right one is cut."""
        if (left, right) != self._texts:
            self._texts = (left, right)
            self.setAccessibleName(", ".join(filter(None, self._texts)))
            self.update()

    def width_of(self, texts: Sequence[str]) -> int:
        """Pixels that the widget needs for the longest of some texts."""
        return max(self.fontMetrics().horizontalAdvance(text) for text in texts) + 2 * _INSET + 2

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, metrics = QPainter(self), self.fontMetrics()
        painter.setPen(color("dim"))
        box = self.rect().adjusted(_INSET, 0, -_INSET, 0)
        left, right = self._texts
        middle = Qt.AlignmentFlag.AlignVCenter
        cut = metrics.elidedText(left, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignLeft, cut)
        room = box.width() - metrics.horizontalAdvance(left) - 12
        cut = metrics.elidedText(right, Qt.TextElideMode.ElideRight, room) if room > 24 else ""
        painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, cut)


def _stack(text: QWidget, slider: QWidget) -> QVBoxLayout:
    """A text close above its slider; alone it stands in the middle."""
    column = QVBoxLayout()
    column.setSpacing(0)
    column.addStretch(1)
    column.addWidget(text)
    column.addWidget(slider)
    column.addStretch(1)
    return column
