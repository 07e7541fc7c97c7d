"""The open world: its file, its edits and their undo."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from rlsandbox.worlds.files import open_world, save_world
from rlsandbox.worlds.world import World


class Document(QObject):
    """Owner of the drawn world. Every edit goes through `edit` and can be undone.

    Signals:
        changed: the world is another one now.
        titled: name, file or the unsaved mark changed.
    """

    changed = Signal(object)
    titled = Signal()

    def __init__(self, world: World, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._world = world
        self.path: Path | None = None
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(500)
        self.undo_stack.cleanChanged.connect(self._on_clean_changed)

    @property
    def world(self) -> World:
        """The drawing of now."""
        return self._world

    @property
    def unsaved(self) -> bool:
        """Whether closing would lose something."""
        return not self.undo_stack.isClean()

    @property
    def title(self) -> str:
        """The file's name, or the world's."""
        return self.path.name if self.path is not None else self._world.name

    def edit(self, world: World, text: str) -> None:
        """Change the world; one call is one undo step."""
        if world != self._world:
            self.undo_stack.push(_Edit(self, self._world, world, text))

    def open(self, world: World, path: Path | None) -> None:
        """Take another world in the place of this one; its undo history begins anew."""
        self.path = path
        self.undo_stack.clear()
        self.undo_stack.setClean()
        self.show(world)
        self.titled.emit()

    def open_file(self, name: str) -> None:
        """Open a file or a world of the gallery.

        Raises:
            SandboxError: it cannot be read; the open world stays as it is.
        """
        path = Path(name)
        self.open(open_world(name), path.resolve() if path.exists() else None)

    def save(self, path: Path) -> None:
        """Save the world to a file.

        Raises:
            SandboxError: it cannot be written; an older file is left as it was.
        """
        save_world(self._world, path)
        self.path = path
        self.undo_stack.setClean()
        self.titled.emit()

    def show(self, world: World) -> None:
        """Make a world the current one, without an undo step (the undo stack calls this)."""
        self._world = world
        self.changed.emit(world)

    def _on_clean_changed(self, _clean: bool) -> None:
        self.titled.emit()


class _Edit(QUndoCommand):
    """One edit: the world before and after. Worlds are immutable, so both are kept as they are."""

    def __init__(self, document: Document, before: World, after: World, text: str) -> None:
        super().__init__(text)
        self._document, self._before, self._after = document, before, after

    def undo(self) -> None:
        """Back to the world before."""
        self._document.show(self._before)

    def redo(self) -> None:
        """To the world after."""
        self._document.show(self._after)
