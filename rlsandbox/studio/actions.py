"""Every action of the window in one table: menus, shortcuts and the command palette derive from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox

from rlsandbox.studio.settings import recent_files, settings
from rlsandbox.studio.theme import icon, theme_manager
from rlsandbox.worlds.gallery import gallery

if TYPE_CHECKING:
    from rlsandbox.studio.main_window import MainWindow

Keys = QKeySequence.StandardKey


class Actions(QObject):
    """Fills the menus of a window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._menus: list[QMenu] = []
        menus = window.top_bar.menus
        self._file_menu(menus.addMenu(self.tr("&File")))
        self._edit_menu(menus.addMenu(self.tr("&Edit")))
        self._world_menu(menus.addMenu(self.tr("&World")))
        self._train_menu(menus.addMenu(self.tr("&Train")))
        self._view_menu(menus.addMenu(self.tr("&View")))
        self._help_menu(menus.addMenu(self.tr("&Help")))
        for menu in menus.findChildren(QMenu):
            menu.setToolTipsVisible(True)

    def _add(
        self,
        menu: QMenu,
        text: str,
        do: Callable[[], object],
        keys: QKeySequence.StandardKey | str | None = None,
        tip: str = "",
        checked: bool | None = None,
    ) -> QAction:
        """Add one action; with `checked` it can be switched and `do` is called after the switch."""
        action = QAction(text, self)
        if keys is not None:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        if tip:
            action.setToolTip(tip)
        if checked is not None:
            action.setCheckable(True)
            action.setChecked(checked)
        action.triggered.connect(lambda *_: do())
        menu.addAction(action)
        self._window.addAction(action)
        return action

    def _file_menu(self, menu: QMenu) -> None:
        files = self._window.files
        self._add(menu, self.tr("&New world…"), files.new, Keys.New)
        self._add(menu, self.tr("&Open…"), files.open, Keys.Open)
        self._recent = menu.addMenu(self.tr("Open &recent"))
        self._recent.aboutToShow.connect(self._fill_recent)
        self._add(menu, self.tr("&Import map…"), files.import_map)
        menu.addSeparator()
        self._add(menu, self.tr("&Save"), files.save, Keys.Save)
        self._add(menu, self.tr("Save &as…"), files.save_as, "Ctrl+Shift+S")
        menu.addSeparator()
        self._add(menu, self.tr("Open &policy…"), self._window.policies.ask)
        tip = self.tr("The next run begins with the networks of a saved policy")
        self._add(menu, self.tr("Train &on from a policy…"), self._window.policies.ask_to_train_on, tip=tip)
        tip = self.tr(
            "The learnt policy: for the sandbox, as a table, or as a Python file that needs numpy alone"
        )
        self._add(menu, self.tr("Save po&licy…"), files.save_policy, "Ctrl+E", tip)
        self._add(menu, self.tr("Export pic&ture…"), files.export_picture, "Ctrl+Shift+E")
        self._add(menu, self.tr("Export &curves…"), files.export_curves)
        tip = self.tr("The transitions of the episode that is shown, as CSV or JSON")
        self._add(menu, self.tr("Export &episode…"), self._window.driving.export, tip=tip)
        menu.addSeparator()
        self._add(menu, self.tr("&Quit"), self._window.close, "Ctrl+Q")

    def _edit_menu(self, menu: QMenu) -> None:
        window, stack = self._window, self._window.document.undo_stack
        editing = window.canvas.editing
        undo = stack.createUndoAction(self, self.tr("&Undo"))
        undo.setShortcut(QKeySequence(Keys.Undo))
        redo = stack.createRedoAction(self, self.tr("&Redo"))
        redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
        for action, name in ((undo, "undo"), (redo, "redo")):
            menu.addAction(action)
            window.addAction(action)
            window.top_bar.add_button(name, action)
        menu.addSeparator()
        self._add(menu, self.tr("Cu&t"), editing.cut, Keys.Cut)
        self._add(menu, self.tr("&Copy"), editing.copy, Keys.Copy)
        self._add(menu, self.tr("&Paste"), editing.paste, Keys.Paste)
        self._add(menu, self.tr("Select &all"), editing.select_all, Keys.SelectAll)
        menu.addSeparator()
        menu.addMenu(self.tr("&Tool")).addActions(list(window.tools.tool_actions.values()))
        menu.addMenu(self.tr("T&ile")).addActions(list(window.palette_panel.tile_actions.values()))

    def _world_menu(self, menu: QMenu) -> None:
        window = self._window
        for name, entry in gallery().items():
            self._add(
                menu, entry.title, lambda key=name: window.files.open_gallery(key), tip=entry.description
            )
        menu.addSeparator()
        tip = self.tr("The drawing, cell by cell")
        self._add(menu, self.tr("Train on the &grid"), lambda: window.places.choose("grid"), tip=tip)
        tip = self.tr("The drawing as a continuous world: a force pushes a point")
        self._add(menu, self.tr("Train as a &point"), lambda: window.places.choose("point"), tip=tip)
        tip = self.tr("CartPole, LunarLander, or any other environment by its id")
        self._add(menu, self.tr("Gymnasium &environment…"), window.places.ask, tip=tip)
        menu.addSeparator()
        self._add(menu, self.tr("Random &maze…"), lambda: window.files.generate("maze"))
        self._add(menu, self.tr("&Open grid…"), lambda: window.files.generate("open"))

    def _train_menu(self, menu: QMenu) -> None:
        window = self._window
        self._add(menu, self.tr("&Train, pause or continue"), window.agent.primary.click, "F5")
        self._add(menu, self.tr("&Step"), window.step, "F10")
        self._add(menu, self.tr("To the &end of the episode"), window.finish_episode, "F11")
        self._add(menu, self.tr("St&op"), window.control.trainer.stop_run, "Shift+F5")
        self._add(menu, self.tr("&Reset"), window.reset, "Ctrl+R", self.tr("Forget what was learnt"))
        menu.addSeparator()
        self._add(menu, self.tr("Record an episode of the &policy"), window.control.record, "F8")
        tip = self.tr("Move the agent yourself, with the keys; your episode can be replayed and exported")
        self._add(menu, self.tr("&Drive"), window.drive, "F9", tip)
        self._add(menu, self.tr("&Play or pause the episode"), window.transport.toggle_play, "Ctrl+Space")
        self._add(menu, self.tr("Frame &back"), window.transport.step_back, "Alt+Left")
        self._add(menu, self.tr("Frame &forward"), window.transport.step_forward, "Alt+Right")
        self._add(menu, self.tr("Back to &live"), window.driving.leave, "Escape")

    def _view_menu(self, menu: QMenu) -> None:
        window = self._window
        self._add(menu, self.tr("Zoom &in"), lambda: window.canvas.zoom_by(1.25), Keys.ZoomIn)
        self._add(menu, self.tr("Zoom &out"), lambda: window.canvas.zoom_by(0.8), Keys.ZoomOut)
        self._add(menu, self.tr("&Fit the world"), window.canvas.fit, "Ctrl+0")
        menu.addSeparator()
        group = QActionGroup(self)
        for name, text in (
            ("dark", self.tr("&Dark")),
            ("light", self.tr("&Light")),
            ("system", self.tr("As the &system")),
        ):
            on = theme_manager().name == name
            group.addAction(self._add(menu, text, lambda key=name: self._set_theme(key), checked=on))
        menu.addSeparator()
        for dock in window.docks.by_name.values():
            menu.addAction(dock.toggleViewAction())
        locked = self._add(
            menu, self.tr("Loc&k panels"), lambda: window.docks.lock(locked.isChecked()), checked=True
        )
        self._add(menu, self.tr("&Reset the arrangement"), window.docks.arrange)
        menu.addSeparator()
        palette = self._add(menu, self.tr("&Command palette…"), self._open_palette, "Ctrl+Shift+P")
        palette.setToolTip(self.tr("Search commands (Ctrl+Shift+P)"))
        window.top_bar.add_button("search", palette)

    def _help_menu(self, menu: QMenu) -> None:
        self._add(menu, self.tr("&Keyboard shortcuts"), self._open_palette, "F1")
        self._add(menu, self.tr("&About RL Sandbox"), self._about)

    def _set_theme(self, name: str) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        settings().setValue("theme", name)
        theme_manager().apply(app, name)  # type: ignore[arg-type]

    def _fill_recent(self) -> None:
        self._recent.clear()
        for path in recent_files():
            self._recent.addAction(path, lambda key=path: self._window.files.open_path(key))
        if self._recent.isEmpty():
            self._recent.addAction(self.tr("None yet")).setEnabled(False)

    def _open_palette(self) -> None:
        found: list[tuple[str, QAction]] = []

        def collect(menu: QMenu, path: str) -> None:
            for action in menu.actions():
                name = action.text().replace("&", "")
                if action.menu() is not None:
                    collect(action.menu(), f"{path}{name}: ")  # type: ignore[arg-type]
                elif name:
                    found.append((f"{path}{name}", action))

        for action in self._window.top_bar.menus.actions():
            collect(action.menu(), f"{action.text().replace('&', '')}: ")  # type: ignore[arg-type]
        self._window.search.open(found)

    def _about(self) -> None:
        from rlsandbox import __version__

        box = QMessageBox(self._window)
        box.setWindowTitle(self.tr("About RL Sandbox"))
        box.setIconPixmap(icon("app").pixmap(64, 64))
        box.setText(
            self.tr("<b>RL Sandbox {0}</b><br>Draw a world, train an agent on it, see everything.").format(
                __version__
            )
        )
        box.exec()
