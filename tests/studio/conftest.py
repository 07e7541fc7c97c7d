"""What tests of whole windows share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from rlsandbox.studio.app import application
from rlsandbox.studio.main_window import MainWindow
from rlsandbox.studio.theme import theme_manager


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
