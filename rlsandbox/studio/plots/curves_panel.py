"""The panel of curves: return per episode on the left, one of the other curves on the right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QContextMenuEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from rlsandbox.studio.controls.buttons import IconButton
from rlsandbox.studio.controls.choices import FlatCombo
from rlsandbox.studio.controls.labels import ElidedLabel, text_label
from rlsandbox.studio.plots.export import write_csv, write_picture
from rlsandbox.studio.plots.legend import Legend
from rlsandbox.studio.plots.run_curves import Band, RunCurves, series_of, short_titles, window_of
from rlsandbox.studio.theme import font

if TYPE_CHECKING:
    from rlsandbox.studio.plots.plot import Plot

_APART_MS = 60
"""The second plot is drawn in a frame of its own: both in one would hold up the canvas."""
_SHORTEST_NOTE = 90  # px
_LOAD_AFTER_MS = 250
"""The library of the plots takes half a second to load: after the window stands, before anybody trains."""


class _Note(ElidedLabel):
    """What a plot shows, at the end of its heading; where there is hardly room it keeps still.

    While the pointer is on a mark it tells what that mark stands for.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lasting = self._passing = ""
        self.setProperty("role", "dim")
        self.setFont(font(12))
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def say(self, text: str) -> None:
        """What to show for as long as nothing else is to be told."""
        self._lasting = text
        self._tell()

    @Slot(str)
    def say_for_now(self, text: str) -> None:
        """What to show instead, until it is called with no text."""
        self._passing = text
        self._tell()

    def _tell(self) -> None:
        text = self._passing or self._lasting
        if self.text() != text:
            self.setText(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._passing or self.width() > min(
            _SHORTEST_NOTE, self.fontMetrics().horizontalAdvance(self.text()) - 1
        ):
            super().paintEvent(event)


class _Pane(QWidget):
    """A heading, and below it a sentence or, once it is needed, a plot."""

    def __init__(self, heading: QWidget, *after: QWidget) -> None:
        super().__init__()
        self.note = _Note()
        self.header = QHBoxLayout()
        self.header.setContentsMargins(14, 0, 14, 0)
        self.header.setSpacing(12)
        for widget in (heading, *after):
            self.header.addWidget(widget)
        self.header.addWidget(self.note, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 8, 0, 4)
        self._column.setSpacing(4)
        self._column.addLayout(self.header)
        self._empty = text_label("", "faint", 12)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setContentsMargins(14, 0, 14, 0)
        self._column.addWidget(self._empty, 1)
        self._plot: Plot | None = None

    @property
    def is_made(self) -> bool:
        """Whether the plot has been made."""
        return self._plot is not None

    @property
    def plot(self) -> Plot:
        """The plot, made now if it has not been yet; a sentence stands there until there are curves."""
        if self._plot is None:
            from rlsandbox.studio.plots.plot import Plot

            self._plot = Plot()
            self._plot.hide()
            self._plot.pointed.connect(self.note.say_for_now)
            self._column.addWidget(self._plot, 1)
        return self._plot

    def say(self, sentence: str) -> None:
        """Show a sentence in place of the plot; an empty one shows the plot."""
        if self._empty.text() != sentence:
            self._empty.setText(sentence)
        self._empty.setVisible(bool(sentence))
        if self._plot is not None:
            self._plot.setVisible(not sentence)


class CurvesPanel(QWidget):
    """Curves of the chosen runs laid over each other: medians, with bands over the seeds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: list[RunCurves] = []
        self._bands: dict[tuple[int, str, int], tuple[RunCurves, Band | None]] = {}
        self._smooth = True
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_APART_MS)
        self._later.timeout.connect(self._show_other)
        self._others = {
            "gap": (self.tr("Oracle gap"), self.tr("V*(start) − V^π(start) of the greedy policy")),
            "length": (self.tr("Episode length"), self.tr("steps")),
            "epsilon": (self.tr("Exploration ε"), self.tr("share of random actions")),
        }
        self._error = self.tr("RMS error of V"), self.tr("V against V^π of the given policy")
        self._either = self.tr("Gap or error"), self.tr("gap of a policy, RMS error of predicted values")
        self._units = {
            "episodes": (self.tr("episode"), self.tr("episodes")),
            "sweeps": (self.tr("sweep"), self.tr("sweeps")),
            "updates": (self.tr("update"), self.tr("updates")),
        }
        self._legend = Legend()
        self._returns = _Pane(text_label(self.tr("Return per episode"), weight=600), self._legend)
        self._choice = FlatCombo()
        for key, (title, _) in self._others.items():
            self._choice.addItem(title, key)
        self._choice.setAccessibleName(self.tr("Second curve"))
        self._choice.currentIndexChanged.connect(self._on_choice)
        self._title = text_label("", weight=600)
        self._title.hide()
        self._other = _Pane(self._choice, self._title)
        self._fit = IconButton(
            "fit", self.tr("Fit the curves (double click)"), flat=True, side=24, role="dim"
        )
        self._fit.clicked.connect(self.fit)
        self._fit.setEnabled(False)
        self._more = IconButton(
            "dots", self.tr("Curves: fit, smooth, export"), flat=True, side=24, role="dim"
        )
        self._more.clicked.connect(self._open_menu)
        for button in (self._fit, self._more):
            self._other.header.addWidget(button)
        self._other.header.setSpacing(4)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        for pane, share in ((self._returns, 3), (self._other, 2)):
            self._splitter.addWidget(pane)
            self._splitter.setStretchFactor(self._splitter.count() - 1, share)
        self._splitter.setSizes([640, 330])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)
        self._returns.say(self.tr("Curves appear here as soon as an agent trains."))

    def sizeHint(self) -> QSize:
        return QSize(970, 225)

    def minimumSizeHint(self) -> QSize:
        return QSize(360, 120)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._returns.is_made:
            QTimer.singleShot(_LOAD_AFTER_MS, self, self._load)

    @Slot()
    def _load(self) -> None:
        if self._returns.is_made:
            return
        for pane in (self._returns, self._other):
            pane.plot.menu_wanted.connect(self._menu_at)
            pane.plot.zoomed.connect(self._on_zoomed)

    # -- what it shows -----------------------------------------------------------------------------

    def set_runs(self, runs: list[RunCurves]) -> None:
        """Show these runs; cheap enough for several times a second."""
        self._runs = list(runs)
        if runs:
            self._load()
        self._show_all()

    def _show_all(self) -> None:
        present = {run.run_id for run in self._runs}
        self._bands = {key: found for key, found in self._bands.items() if key[0] in present}
        names = short_titles(self._runs)
        titles = "\n".join(run.title for run in self._runs)
        self._offer()
        self._legend.set_entries([(n, run.color) for n, run in zip(names, self._runs, strict=True)], titles)
        self._note(self._returns, self._show(self._returns, "return", names), "")
        self._later.start()

    def _offer(self) -> None:
        """Offer the curves that there are, in place of those of runs that are gone."""
        self._choice.setItemText(self._choice.findData("gap"), self._words("gap")[0])
        own = dict.fromkeys(name for run in self._runs for name in run.own if name not in self._others)
        offered = [self._choice.itemData(row) for row in range(len(self._others), self._choice.count())]
        if offered == list(own):
            return
        chosen = self._choice.currentData()
        self._choice.blockSignals(True)
        for row in reversed(range(len(self._others), self._choice.count())):
            self._choice.removeItem(row)
        for name in own:
            self._choice.addItem(name[0].upper() + name[1:], name)
        self._choice.setCurrentIndex(max(0, self._choice.findData(chosen)))
        self._choice.blockSignals(False)

    @Slot()
    def _show_other(self) -> None:
        self._later.stop()
        name = str(self._choice.currentData())
        bands = self._show(self._other, name, short_titles(self._runs))
        self._note(self._other, bands, self._words(name)[1])

    def _words(self, name: str) -> tuple[str, str]:
        """Title and meaning of a curve; the distance to the truth is another one for methods that predict."""
        predicts = {run.predicts for run in self._runs}
        if name != "gap" or True not in predicts:
            return self._others.get(name, (name, self.tr("per update")))
        return self._error if predicts == {True} else self._either

    def _show(self, pane: _Pane, name: str, names: list[str]) -> list[Band]:
        if not pane.is_made:
            return []
        from rlsandbox.studio.plots.plot import Drawn

        # Curves that lie over each other are averaged alike: a short run would look the noisier one.
        window = max((window_of(run, name) for run in self._runs), default=1) if self._smooth else 0
        bands = [self._band(run, name, window) for run in self._runs]
        drawn = {
            run.run_id: Drawn(title, run.color, band)
            for run, title, band in zip(self._runs, names, bands, strict=True)
            if band is not None and band.x.size
        }
        shown = [run for run in self._runs if run.run_id in drawn]
        optima = [run.optimum for run in shown if run.optimum is not None] if name == "return" else []
        edits = [edit for run in shown for edit in run.edits if run.unit(name) != "updates"]
        counted = sorted({run.unit(name) for run in shown})
        unit, units = (" / ".join(self._units[one][many] for one in counted) for many in (0, 1))
        pane.plot.set_curves(drawn, optima, from_zero=name != "return", unit=unit, units=units)
        pane.plot.set_edits(edits)
        pane.say("" if drawn else self._why_empty(name))
        return [one.band for one in drawn.values()]

    def _band(self, run: RunCurves, name: str, window: int) -> Band | None:
        """What is drawn of a run, worked out once for as long as the run stays as it is."""
        key = (run.run_id, name, window)
        source, band = self._bands.get(key, (None, None))
        if source is not run:
            band = series_of(run, name, window)
            self._bands[key] = (run, band)
        return band

    def _why_empty(self, name: str) -> str:
        """What to say where there is no curve."""
        if not self._runs:
            return self.tr("Curves of the runs chosen in the table appear here.") if name == "return" else " "
        if name == "gap" and all(run.played for run in self._runs):
            return self.tr("Nobody knows the best values of this world: there is no gap to show.")
        if name == "gap":
            never = self.tr("No gap yet: a policy that never reaches an end has none.")
            return self.tr("No error yet.") if self._words(name) == self._error else never
        if not any(run.curves for run in self._runs):
            return self.tr("A planner has no episodes: it sweeps over the model of the world.")
        return self.tr("Curves appear with the first finished episode.")

    def _note(self, pane: _Pane, bands: list[Band], meaning: str) -> None:
        if not bands:
            text = ""
        elif meaning:
            endless = max(bands, key=lambda band: band.endless)
            text = meaning
            if endless.endless:
                text = self.tr("{0} of {1} never end").format(endless.endless, endless.seeds)
        else:
            seeds = max(band.seeds for band in bands)
            window = max(band.window for band in bands)
            text = self.tr("median, 10–90 % of {0} seeds").format(seeds) if seeds > 1 else self.tr("one seed")
            if window > 1:
                text += self.tr(", mean of {0:,} episodes").format(window)
        pane.note.say(text)

    @Slot(int)
    def _on_choice(self, _row: int) -> None:
        if self._other.is_made:
            self._show_other()
            self._other.plot.fit()

    # -- fit, smooth, export -----------------------------------------------------------------------

    @Slot()
    def fit(self) -> None:
        """Show all curves again, without the worst of a bad beginning."""
        for pane in (self._returns, self._other):
            if pane.is_made:
                pane.plot.fit()
        self._fit.setEnabled(False)

    @Slot()
    def show_whole(self) -> None:
        """Show every point of every curve."""
        for pane in (self._returns, self._other):
            if pane.is_made:
                pane.plot.fit(whole=True)

    @Slot(bool)
    def set_smooth(self, smooth: bool) -> None:
        """Draw moving means over episodes, or every episode (every bin of a long run)."""
        self._smooth = smooth
        self._show_all()

    @Slot(bool)
    def _on_zoomed(self, zoomed: bool) -> None:
        self._fit.setEnabled(zoomed)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        # Over a plot the right button may begin a drag: the plot tells when it was a click.
        if event.reason() != QContextMenuEvent.Reason.Mouse or isinstance(self.childAt(event.pos()), QLabel):
            self._menu_at(event.globalPos())

    @Slot()
    def _open_menu(self) -> None:
        self._menu_at(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    @Slot(QPoint)
    def _menu_at(self, place: QPoint) -> None:
        menu = self.menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    def menu(self) -> QMenu:
        """What can be done with the curves."""
        menu = QMenu(self)
        menu.addAction(self.tr("Fit the curves"), self.fit)
        menu.addAction(self.tr("Show all, bad beginnings too"), self.show_whole)
        smooth = menu.addAction(self.tr("Smooth: mean over episodes"))
        smooth.setCheckable(True)
        smooth.setChecked(self._smooth)
        smooth.toggled.connect(self.set_smooth)
        menu.addSeparator()
        export = menu.addAction(self.tr("Export the curves…"), self._ask_export)
        export.setEnabled(bool(self._runs))
        return menu

    @Slot()
    def _ask_export(self) -> None:
        files = getattr(self.window(), "files", None)
        if files is not None:
            QTimer.singleShot(0, files.export_curves)

    def export_picture(self, path: Path) -> None:
        """Write what is shown as PNG or SVG, by the file's ending.

        Raises:
            OSError: the file cannot be written.
        """
        if self._later.isActive():
            self._show_other()
        buttons = (self._choice, self._fit, self._more)
        focus = self.focusWidget()
        self._title.setText(self._choice.currentText())
        try:
            for button in buttons:
                button.hide()
            self._title.show()
            self._other.header.activate()
            write_picture(self._splitter, path)
        finally:
            self._title.hide()
            for button in buttons:
                button.show()
            if focus is not None:
                focus.setFocus(Qt.FocusReason.OtherFocusReason)

    def export_csv(self, path: Path) -> None:
        """Write the data of the shown runs; `rlsandbox.studio.plots.export.write_csv` says how.

        Raises:
            OSError: the file cannot be written.
        """
        write_csv(self._runs, path)
