"""An update written out with its own numbers; pointing at a number that is another state's tells which."""

from __future__ import annotations

import html
import math
from dataclasses import replace

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from rlsandbox.learning.agent import Line, Part, Update, number
from rlsandbox.studio.controls.frame import draw_frame, painter_of
from rlsandbox.studio.controls.labels import wrapped
from rlsandbox.studio.theme import color, font, theme_manager
from rlsandbox.studio.typography import minus
from rlsandbox.worlds.world import World

_MOST_LINES = 8
"""Rows that are written beneath an update; the rest is counted."""

_STYLES = {
    "": "",
    "old": "",
    "reward": "color:{accent}",
    "next": "color:{accent}",
    "new": "font-weight:600;color:{text}",
}


class UpdateBox(QWidget):
    """A raised box: a title, in one case a sentence, and the equation with its numbers."""

    highlight = Signal(object)
    """The pointer is over a number that belongs to a state: its number, or None when it has left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make an empty box."""
        super().__init__(parent)
        self.world: World | None = None
        self._content: tuple[str, str, tuple[Part, ...], tuple[Line, ...]] = ("", "", (), ())
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.RichText)
        self._label.setFont(font(12))
        wrapped(self._label)
        self._label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.LinksAccessibleByMouse
        )
        self._label.linkHovered.connect(self._hovered)
        line = QVBoxLayout(self)
        line.setContentsMargins(12, 9, 12, 9)
        line.addWidget(self._label)
        theme_manager().changed.connect(self._write)

    def set_content(
        self, title: str, words: str, parts: tuple[Part, ...], lines: tuple[Line, ...] = ()
    ) -> None:
        """Show a title, a sentence (may be empty), the parts of an update and the lines beneath it.

        In `title`, what stands between `*` is bold.
        """
        if (title, words, parts, lines) != self._content:
            self._content = (title, words, parts, lines)
            self._write()

    def text(self) -> str:
        """What is written, without its colours."""
        title, words, parts, lines = self._content
        equations = ["".join(part.text for part in row) for row in (parts, *(line.parts for line in lines))]
        return "\n".join(filter(None, (title.replace("*", ""), words, *equations)))

    @Slot()
    def _write(self) -> None:
        title, words, parts, beneath = self._content
        plain, *rest = html.escape(title).split("*")
        for k, piece in enumerate(rest):
            plain += f"<b>{piece}</b>" if k % 2 == 0 else piece
        equation = "".join(_written(part) for part in parts)
        lines = [plain, html.escape(words), equation]
        text = "<div style='line-height:130%'>" + "<br>".join(filter(None, lines)) + "</div>"
        if beneath:
            rows = ["".join(map(_written, self._placed(line))) for line in beneath[:_MOST_LINES]]
            if len(beneath) > _MOST_LINES:
                rows.append(self.tr("… and {0} more").format(len(beneath) - _MOST_LINES))
            dim = color("dim").name()
            text += f"<div style='margin-top:5px;line-height:125%;font-size:11px;color:{dim}'>"
            text += "<br>".join(rows) + "</div>"
        self._label.setText(text)
        self._label.setAccessibleName(self.text())

    def _placed(self, line: Line) -> tuple[Part, ...]:
        """A line with the cell that it is about in front, to be lit up, unless it begins with it."""
        if self.world is None:
            return line.parts
        row, column = self.world.cell_of(line.state)
        place = f"({row}, {column})"
        first, *rest = line.parts or (Part(""),)
        after = first.text.removeprefix(place)
        if after == first.text:
            after = f" {after}"
        return Part(place, state=line.state), replace(first, text=after), *rest

    @Slot(str)
    def _hovered(self, link: str) -> None:
        self.highlight.emit(int(link) if link else None)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_frame(painter_of(self), QRectF(self.rect()), 7, "raised", "line")


def _written(part: Part) -> str:
    roles = {name: color(name).name() for name in ("accent", "text")}
    style = _STYLES[part.role].format(**roles)
    # Only true minus signs: a hyphen would let a line break after it.
    text = minus(html.escape(part.text))
    if part.state is None:
        return f"<span style='{style}'>{text}</span>" if style else text
    style = style or f"color:{roles['text']}"
    return f"<a href='{part.state}' style='text-decoration:none;{style}'>{text}</a>"


def title_of(update: Update, world: World, head: str) -> str:
    """What was updated, after a head such as "Last update of"; the action is bold."""
    if update.action is None or update.of_state:
        return f"{head} V(s)"
    return f"{head} Q(s, *{world.actions[update.action].name}*)"


def in_words(update: Update, world: World) -> str:
    """The transition of an update: "(3, 0), up → (2, 0), reward -1"."""
    row, column = world.cell_of(update.state)
    text = f"({row}, {column})"
    if update.action is not None:
        text += f", {world.actions[update.action].name}"
    if update.next_state is not None:
        row, column = world.cell_of(update.next_state)
        text += f" → ({row}, {column})"
    if math.isnan(update.reward):
        return text  # an expectation over a model
    return f"{text}, reward {minus(number(update.reward))}"
