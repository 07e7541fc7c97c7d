"""The panel of curves: return per episode on the left, one of the other curves on the right."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QContextMenuEvent, QPainter, QPixmap
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSplitter, QVBoxLayout, QWidget

from rlsandbox.studio.controls.buttons import IconButton
from rlsandbox.studio.controls.choices import FlatCombo
from rlsandbox.studio.controls.labels import ElidedLabel, text_label
from rlsandbox.studio.plots.run_curves import Band, RunCurves, series_of, window_of
from rlsandbox.studio.theme import font, theme, theme_manager

if TYPE_CHECKING:
    from rlsandbox.studio.plots.plot import Plot

_APART_MS = 60
_OTHERS = {"gap": "Oracle gap", "length": "Episode length", "epsilon": "Exploration ε"}

_MOST_NAMED = 4


class _Pane(QWidget):
    """A heading and a plot, made when it is first needed: its library takes half a second to load."""

    def __init__(self, heading: QWidget, legend: QWidget | None, empty: str = "") -> None:
        super().__init__()
        self.note = ElidedLabel("")
        self.note.setProperty("role", "dim")
        self.note.setFont(font(12))
        self.note.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.header = QHBoxLayout()
        self.header.setContentsMargins(14, 0, 14, 0)
        self.header.setSpacing(10)
        self.header.addWidget(heading)
        if legend is not None:
            self.header.addWidget(legend)
        self.header.addWidget(self.note, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 8, 0, 4)
        self._column.setSpacing(2)
        self._column.addLayout(self.header)
        self._empty = text_label(empty, "faint", 12)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._column.addWidget(self._empty, 1)
        self._plot: Plot | None = None
        self._said = ""

    @property
    def plot(self) -> Plot:
        """The plot, made now if it has not been yet."""
        if self._plot is None:
            from rlsandbox.studio.plots.plot import Plot

            self._plot = Plot()
            self._column.addWidget(self._plot, 1)
            self._empty.hide()
        return self._plot

    def explain(self, sentence: str) -> None:
        """Say a sentence in the place of the plot; an empty one brings the plot back."""
        if self._plot is not None and sentence != self._said:
            self._said = sentence
            self._plot.setHidden(bool(sentence))
            self._empty.setVisible(bool(sentence))
            self._empty.setText(sentence)

    @property
    def is_made(self) -> bool:
        """Whether the plot has been made."""
        return self._plot is not None


class CurvesPanel(QWidget):
    """Curves of the chosen runs laid over each other."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: list[RunCurves] = []
        self._later = QTimer(self)  # the second plot in a frame of its own: both in one take too long
        self._later.setSingleShot(True)
        self._later.setInterval(_APART_MS)
        self._later.timeout.connect(self._show_other)
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._legend.setMinimumWidth(1)  # many runs take no room from the other plot
        self._returns = _Pane(
            text_label(self.tr("Return per episode"), "", 13, 600),
            self._legend,
            self.tr("Curves appear here as soon as an agent trains."),
        )
        self._choice = FlatCombo()
        for key, title in _OTHERS.items():
            self._choice.addItem(self.tr(title), key)
        self._choice.setAccessibleName(self.tr("Second curve"))
        self._choice.currentIndexChanged.connect(self._on_choice)
        self._other = _Pane(self._choice, None)
        self._export = IconButton("download", self.tr("Export the curves"), flat=True, side=24, role="dim")
        self._export.clicked.connect(self._open_menu)
        self._other.header.addWidget(self._export)
        theme_manager().changed.connect(self._dress)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setHandleWidth(1)
        splitter.addWidget(self._returns)
        splitter.addWidget(self._other)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([640, 330])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        self._splitter = splitter

    def sizeHint(self) -> QSize:
        return QSize(970, 225)

    def minimumSizeHint(self) -> QSize:
        return QSize(360, 120)

    def set_runs(self, runs: list[RunCurves]) -> None:
        """Show these runs; cheap enough for several times a second."""
        self._runs = list(runs)
        if not runs and not self._returns.is_made:
            return
        if not self._returns.is_made:
            for pane in (self._returns, self._other):
                pane.plot.hovered.connect(self._on_hover)
        optima = {run.optimum for run in runs if run.optimum is not None}
        optimum = optima.pop() if len(optima) == 1 else None
        shown = self._show(self._returns, "return", optimum)
        self._later.start()
        edits = tuple(edit for run in runs for edit in run.edits)
        self._returns.plot.set_edits(edits)
        self._legend.setText(self._legend_text())
        self._note(shown)

    @Slot()
    def _show_other(self) -> None:
        self._show(self._other, str(self._choice.currentData()), None)

    def _show(self, pane: _Pane, name: str, optimum: float | None) -> dict[int, tuple[Band, int]]:
        # Curves that lie over each other are averaged alike: a short run would look the noisier one.
        window = max((window_of(run, name) for run in self._runs), default=1)
        found = ((run, series_of(run, name, window)) for run in self._runs)
        bands = {
            run.run_id: (band, run.color)
            for run, band in found
            if band is not None and not np.isnan(band.median).all()
        }
        pane.plot.set_curves(bands, optimum)
        pane.explain("" if bands else self._why_empty(name))
        return bands

    def _why_empty(self, name: str) -> str:
        """What to say where there is no curve."""
        if not self._runs:
            return self.tr("Choose runs in the table to see their curves.")
        if name == "gap":
            return self.tr("No gap yet: a policy that never reaches an end has none.")
        if not any(run.curves for run in self._runs):
            return self.tr("A planner has no episodes: it sweeps over the model of the world.")
        return self.tr("Curves appear with the first finished episode.")

    @Slot()
    def _dress(self) -> None:
        self._legend.setText(self._legend_text())

    def _legend_text(self) -> str:
        series, dim = theme().series, theme().dim
        if len(self._runs) > _MOST_NAMED:
            text = self.tr("{0} runs, in the colours of the table").format(len(self._runs))
            return f'<span style="color:{dim}">{text}</span>'
        titles = [run.name if len(self._runs) > 2 else run.title for run in self._runs]
        return "&nbsp;&nbsp;&nbsp;".join(
            f'<span style="color:{series[run.color % len(series)]}"><b>—</b></span>'
            f'&nbsp;<span style="color:{dim}">{title}</span>'
            for run, title in zip(self._runs, titles, strict=True)
        )

    def _note(self, shown: dict[int, tuple[Band, int]]) -> None:
        band = next((band for band, _ in shown.values()), None)
        if band is None:
            self._returns.note.setText("")
            return
        seeds = {band.seeds for band, _ in shown.values()}
        of = (
            self.tr("median, 10–90 % of {0} seeds").format(max(seeds))
            if max(seeds) > 1
            else self.tr("one seed")
        )
        mean = self.tr(", mean of {0:,} episodes").format(band.window) if band.window > 1 else ""
        self._returns.note.setText(of + mean)

    @Slot(int)
    def _on_choice(self, _row: int) -> None:
        if self._other.is_made:
            self._show_other()
            self._other.plot.fit()

    @Slot(object)
    def _on_hover(self, x: float | None) -> None:
        for pane in (self._returns, self._other):
            if self.sender() is not pane.plot:
                continue
            found = [] if x is None else [pane.plot.value_at(run.run_id, x) for run in self._runs]
            texts = [
                f"{median:.4g} ({low:.4g} … {high:.4g})"
                for low, median, high in (values for values in found if values is not None)
            ]
            if x is not None and texts:
                pane.note.setText(self.tr("at {0:,.0f}: ").format(max(0.0, x)) + ", ".join(texts))
            elif pane is self._other:
                pane.note.setText("")

    # -- export ------------------------------------------------------------------------------------

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._menu().exec(event.globalPos())

    @Slot()
    def _open_menu(self) -> None:
        self._menu().exec(self._export.mapToGlobal(self._export.rect().topLeft()))

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction(self.tr("Fit the curves"), self.fit)
        menu.addAction(self.tr("Export the curves…"), self._ask_export)
        return menu

    def _ask_export(self) -> None:
        files = getattr(self.window(), "files", None)
        if files is not None:
            QTimer.singleShot(0, files.export_curves)

    def fit(self) -> None:
        """Show the whole of every curve."""
        for pane in (self._returns, self._other):
            if pane.is_made:
                pane.plot.fit()

    def export_picture(self, path: Path) -> None:
        """Write what is shown as PNG or SVG, by the file's ending."""
        if path.suffix.lower() == ".svg":
            generator = QSvgGenerator()
            generator.setFileName(str(path))
            generator.setSize(self.size())
            generator.setViewBox(self.rect())
            with QPainter(generator) as painter:  # one that is left open by an error would end the process
                self._splitter.render(painter, QPoint())
        else:
            picture = QPixmap(self.size() * 2)
            picture.setDevicePixelRatio(2)
            picture.fill(theme().panel)
            self._splitter.render(picture)
            if not picture.save(str(path)):
                raise OSError(0, self.tr("cannot write the picture"), str(path))

    def export_csv(self, path: Path) -> None:
        """Write the data: a line for each run, curve, seed and point, with the episode at its end."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["run", "title", "curve", "seed", "episode", "value"])
            for run in self._runs:
                for name, curve in run.curves.items():
                    for seed, (values, width) in enumerate(zip(curve.values, curve.width, strict=True)):
                        for i in np.flatnonzero(~np.isnan(values)):
                            writer.writerow(
                                [run.run_id, run.title, name, seed, (i + 1) * int(width), values[i]]
                            )
                for episodes, gaps in zip(run.gap.episodes, run.gap.gap, strict=True):
                    for seed, gap in enumerate(gaps):
                        value = "never ends" if np.isnan(gap) else gap
                        writer.writerow(
                            [run.run_id, run.title, "oracle gap", seed, int(episodes[seed]), value]
                        )
                for episode, value in zip(*run.epsilon, strict=True):
                    writer.writerow([run.run_id, run.title, "epsilon", "", int(episode), value])
