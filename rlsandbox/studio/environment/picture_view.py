"""An environment's own picture, as large as there is room for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from rlsandbox.studio.theme import color, font, theme_manager

_MARGIN, _RADIUS = 20.0, 4.0
_LARGEST = 2.0
"""Times its own size; beyond it is a blur."""


class PictureView(QWidget):
    """A picture that keeps its shape, or a sentence in its place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self._image: QImage | None = None
        self._pixels: NDArray[np.uint8] | None = None
        self._sentence = ""
        self.setMinimumSize(160, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Environment"))
        theme_manager().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(480, 320)

    def set_picture(self, pixels: NDArray[np.uint8] | None, sentence: str = "") -> None:
        """Show `[h, w, 3]` pixels; where there are none, a sentence."""
        if pixels is self._pixels and pixels is not None:
            return
        self._pixels, self._sentence, self._image = pixels, sentence, None
        if pixels is not None:
            height, width = pixels.shape[:2]
            self._pixels = np.ascontiguousarray(pixels)
            # The image borrows the array's memory.
            self._image = QImage(self._pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        self.setAccessibleDescription(sentence)
        self.update()

    def has_picture(self) -> bool:
        """Whether it shows one."""
        return self._image is not None

    def sentence(self) -> str:
        """What it says in the place of a picture."""
        return self._sentence

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), color("canvas"))
            if self._image is None:
                self._write(painter)
                return
            room = QRectF(self.rect()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
            size = self._image.size()
            factor = min(room.width() / size.width(), room.height() / size.height(), _LARGEST)
            place = QRectF(0, 0, size.width() * factor, size.height() * factor)
            place.moveCenter(room.center())
            painter.setRenderHints(
                QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
            )
            path = QPainterPath()
            path.addRoundedRect(place, _RADIUS, _RADIUS)
            painter.setClipPath(path)
            painter.drawImage(place, self._image)

    def _write(self, painter: QPainter) -> None:
        painter.setPen(color("dim"))
        painter.setFont(font(13))
        room = self.rect().adjusted(24, 24, -24, -24)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(room, int(flags), self._sentence)
