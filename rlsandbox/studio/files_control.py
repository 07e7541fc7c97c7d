"""New, open, save, import and export: every dialog about files, and what guards unsaved edits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QFormLayout, QMessageBox, QSpinBox

from rlsandbox.policies.exports import write_csv, write_python
from rlsandbox.policies.files import save_policy
from rlsandbox.policies.onnx_file import write_onnx
from rlsandbox.studio.painting import render_png, render_svg
from rlsandbox.studio.settings import remember_file
from rlsandbox.studio.theme import theme
from rlsandbox.training.api import saved_policy
from rlsandbox.worlds.errors import SandboxError, check
from rlsandbox.worlds.files import SUFFIX, TABLE_SUFFIX, import_world, open_world, suffix
from rlsandbox.worlds.gallery import gallery
from rlsandbox.worlds.world import MAX_SIDE, World

if TYPE_CHECKING:
    from rlsandbox.studio.main_window import MainWindow

_POLICY_KINDS = {
    ".rlpolicy": ("Policy", save_policy),
    ".csv": ("Table", write_csv),
    ".py": ("Python program that needs numpy alone", write_python),
    ".onnx": ("ONNX", write_onnx),
}

_PICTURES = "PNG (*.png);;SVG (*.svg)"


class FilesControl(QObject):
    """The file actions of a window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    # -- worlds -----------------------------------------------------------------------------------

    def new(self) -> None:
        """A blank world of a size that is asked for."""
        size = self._ask(
            self.tr("New world"), (("rows", self.tr("Rows"), 8), ("columns", self.tr("Columns"), 8))
        )
        if size is not None and self.may_discard():
            world = World.blank(size["rows"], size["columns"]).painted([(0, 0)], "start")
            world = world.painted([(size["rows"] - 1, size["columns"] - 1)], "goal")
            self._window.open_document(world)

    def generate(self, kind: str) -> None:
        """A generated world: size and seed are asked for."""
        answer = self._ask(
            self.tr("Generate a world"), (("size", self.tr("Size"), 21), ("seed", self.tr("Seed"), 0))
        )
        if answer is not None and self.may_discard():
            self.attempt(
                lambda: self._window.open_document(open_world(f"{kind}:{answer['size']}:{answer['seed']}"))
            )

    def open_gallery(self, name: str) -> None:
        """A world of the gallery."""
        if self.may_discard():
            entry = gallery()[name]
            self._window.open_document(open_world(name))
            self._window.agent.suggest(entry.suggested, entry.episodes)

    def open(self) -> None:
        """A file that is asked for."""
        path, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Open a world"),
            "",
            self.tr("Worlds (*{0} *{1});;All files (*)").format(SUFFIX, TABLE_SUFFIX),
        )
        if path:
            self.open_path(path)

    def open_path(self, path: str) -> None:
        """A file by its path; what was open stays if it cannot be read."""

        def read() -> None:
            world = open_world(path)
            if self.may_discard():
                self._window.open_document(world, Path(path).resolve())
                remember_file(str(Path(path).resolve()))

        self.attempt(read)

    def import_map(self) -> None:
        """A text map that is asked for."""
        path, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Import a map"),
            "",
            self.tr("Text maps (*.txt *.map *.desc);;All files (*)"),
        )

        def read() -> None:
            world = import_world(Path(path))
            if self.may_discard():
                self._window.open_document(world)

        if path:
            self.attempt(read)

    def save(self) -> bool:
        """Save to the file that is open, or ask for one; returns whether it is saved."""
        path = self._window.document.path
        return self.save_as() if path is None else self._save_to(path)

    def save_as(self) -> bool:
        """Save to a file that is asked for; returns whether it is saved."""
        document = self._window.document
        ending = suffix(document.world)
        proposal = str(document.path or Path(document.world.name.replace("/", "-") + ending))
        path, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Save the world"), proposal, self.tr("Worlds (*{0})").format(ending)
        )
        if not path:
            return False
        return self._save_to(Path(path if path.endswith(".json") else path + ending))

    def _save_to(self, path: Path) -> bool:
        def write() -> None:
            self._window.document.save(path)
            remember_file(str(path.resolve()))

        return self.attempt(write)

    def may_discard(self) -> bool:
        """Whether the open world may go: it is saved, or the user says so."""
        document = self._window.document
        if not document.unsaved:
            return True
        button = QMessageBox.StandardButton
        box = QMessageBox(self._window)
        box.setWindowTitle(self.tr("Unsaved edits"))
        box.setText(self.tr("Save the edits of {0}?").format(document.title))
        box.setInformativeText(self.tr("They are lost otherwise."))
        box.setStandardButtons(button.Save | button.Discard | button.Cancel)
        box.setDefaultButton(button.Save)
        answer = box.exec()
        return answer == button.Discard or (answer == button.Save and self.save())

    # -- policies, pictures, curves ---------------------------------------------------------------

    def save_policy(self) -> None:
        """Save what the current run has learnt, or the opened policy, in the format that the ending says."""
        control = self._window.control
        opened = control.policy
        if control.current is None and opened is None:
            self._window.say(self.tr("Nothing is learnt yet: press Train first."), "info")
            return
        kinds = {ending: (self.tr(title), write) for ending, (title, write) in _POLICY_KINDS.items()}
        filters = ";;".join(f"{title} (*{ending})" for ending, (title, _) in kinds.items())
        path, chosen = QFileDialog.getSaveFileName(
            self._window, self.tr("Save the policy"), "policy.rlpolicy", filters
        )
        if not path:
            return
        ending = Path(path).suffix
        if ending not in kinds:
            ending = chosen.rpartition("*")[2].rstrip(")")
            path += ending
        write = kinds[ending][1]
        saved = self.tr("Policy saved to {0}.").format(path)
        if opened is None:
            # the session belongs to the trainer's thread, which writes the file between two slices
            control.trainer.call(lambda session: write(saved_policy(session), path), saved)
        elif self.attempt(lambda: write(opened, path)):
            self._window.say(saved, "ok")

    def export_picture(self) -> None:
        """The world with its overlays as PNG or SVG."""
        window = self._window
        drawn = window.stage.currentWidget() is window.canvas
        path, chosen = QFileDialog.getSaveFileName(
            window, self.tr("Export the picture"), "world.png", _PICTURES if drawn else "PNG (*.png)"
        )
        if path and not drawn:
            target = with_ending(path, chosen, (".png",))
            self.export(lambda: _save(window.environments.view.grab(), target), target)
            return
        world = window.canvas.world
        if path and world is not None:
            target = with_ending(path, chosen, (".png", ".svg"))
            render = render_svg if target.suffix == ".svg" else render_png
            self.export(lambda: render(world, window.control.marks, target, 64, theme()), target)

    def export_curves(self) -> None:
        """The curves that are shown, as picture or as data."""
        if not self._window.runs_panel.selected_ids():
            self._window.say(self.tr("There are no curves yet: train, or choose runs in the table."), "info")
            return
        path, chosen = QFileDialog.getSaveFileName(
            self._window, self.tr("Export the curves"), "curves.png", f"{_PICTURES};;CSV (*.csv)"
        )
        if path:
            curves, target = self._window.curves, with_ending(path, chosen, (".png", ".svg", ".csv"))
            write = curves.export_csv if target.suffix == ".csv" else curves.export_picture
            self.export(lambda: write(target), target)

    # -- helpers ----------------------------------------------------------------------------------

    def export(self, write: Callable[[], object], path: Path) -> None:
        """Write a file, and say that it is there."""
        if self.attempt(write):
            self._window.say(self.tr("Written to {0}.").format(path), "ok")

    def attempt(self, action: Callable[[], object]) -> bool:
        """Do something with a file; a sentence says what went wrong. Returns whether it went well."""
        self._window.say("")  # what went wrong before does no longer matter
        try:
            action()
        except SandboxError as error:
            self._window.say(str(error), "bad")
            return False
        except OSError as error:
            self._window.say(f"{error.strerror or error}: {error.filename or ''}", "bad")
            return False
        return True

    def _ask(self, title: str, fields: tuple[tuple[str, str, int], ...]) -> dict[str, int] | None:
        """A small form of whole numbers; None if it is cancelled."""
        dialog = QDialog(self._window)
        dialog.setWindowTitle(title)
        form = QFormLayout(dialog)
        boxes: dict[str, QSpinBox] = {}
        for key, label, value in fields:
            boxes[key] = QSpinBox()
            boxes[key].setRange(
                0 if key == "seed" else 5 if key == "size" else 1, 10**6 if key == "seed" else MAX_SIDE
            )
            boxes[key].setValue(value)
            form.addRow(label, boxes[key])
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(dialog.accept)
        buttons.rejected.connect(dialog.reject)
        form.addRow(buttons)
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return None
        return {key: box.value() for key, box in boxes.items()}


def _save(picture: QPixmap, path: Path) -> None:
    check(picture.save(str(path)), "the picture cannot be written.", str(path))


def with_ending(path: str, chosen: str, endings: tuple[str, ...]) -> Path:
    """A path that ends as one of `endings`; without one it gets that of the chosen filter, or the first."""
    if Path(path).suffix in endings:
        return Path(path)
    wanted = chosen.rpartition("*")[2].rstrip(")")
    return Path(path + (wanted if wanted in endings else endings[0]))
