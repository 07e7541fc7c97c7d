"""What tests of whole windows share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QMessageBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from rlsandbox.studio.app import application
from rlsandbox.studio.canvas import Canvas
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.studio.theme import theme_manager
from rlsandbox.worlds.world import World
from tests.studio.hands import Edits


@pytest.fixture
def window(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """The window as it opens, its kernels compiled; a question on the way out is answered "discard"."""
    theme_manager().apply(application(), "dark")
    monkeypatch.setattr(QMessageBox, "exec", lambda self: QMessageBox.StandardButton.Discard)
    window = MainWindow()
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    qtbot.waitUntil(lambda: window.warm.is_ready, timeout=120_000)
    yield window
    window.close()


@pytest.fixture
def canvas(qtbot: QtBot) -> Canvas:
    """A canvas on the screen with an empty world of 8 rows and 10 columns."""
    widget = Canvas()
    qtbot.addWidget(widget)
    widget.resize(600, 480)
    widget.set_world(World.blank(8, 10))
    widget.show()
    qtbot.waitExposed(widget)
    return widget


@pytest.fixture
def edits(canvas: Canvas) -> Edits:
    """What that canvas says."""
    return Edits(canvas)


@pytest.fixture
def shown(qtbot: QtBot) -> Callable[..., Any]:
    """A function that puts a widget into a panel on the screen and gives the widget back."""
    panels: list[QWidget] = []

    def show(widget: QWidget, width: int = 300) -> QWidget:
        panel = QWidget()
        layout = QVBoxLayout(panel)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(widget)
        panel.resize(width, panel.sizeHint().height())
        qtbot.addWidget(panel)
        panels.append(panel)
        panel.show()
        qtbot.waitExposed(panel)
        panel.activateWindow()
        return widget

    return show
