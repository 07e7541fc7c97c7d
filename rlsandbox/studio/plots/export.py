"""Curves as files: what is on the screen as a picture, what is behind it as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint
from PySide6.QtGui import QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from rlsandbox.studio.plots.run_curves import RunCurves
from rlsandbox.studio.theme import color

_SCALE = 2
"""Pixels of a PNG for each pixel of the screen."""
COLUMNS = ("run", "title", "curve", "seed", "unit", "at", "value")


def write_csv(runs: Sequence[RunCurves], path: Path) -> None:
    """Write every bin and every seed of every curve as a line of its own, unsmoothed.

    The columns: run (its number), title, curve ("return", "length", "gap", "epsilon"), seed (the number of
    the replica, from 0), unit ("episodes", "updates" or "sweeps"), at (the last one in the bin), value
    (the mean over the bin; "inf" for the gap of a policy that never ends).

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for run in runs:
            for curve, seed, at, value in _points(run):
                writer.writerow((run.run_id, run.title, curve, seed, run.unit(curve), at, value))


def _points(run: RunCurves) -> Iterator[tuple[str, int | str, int, Any]]:
    for name, curve in run.curves.items():
        logs = zip(curve.values, curve.width.tolist(), curve.episodes.tolist(), strict=True)
        for seed, (values, width, episodes) in enumerate(logs):
            filled = values[~np.isnan(values)].tolist()
            ends = (min((b + 1) * width, episodes) for b in range(len(filled)))
            yield from ((name, seed, at, value) for at, value in zip(ends, filled, strict=True))
    at = run.gap.episodes.T if run.curves else np.broadcast_to(run.gap.clock, run.gap.gap.T.shape)
    for seed, (places, gaps) in enumerate(zip(at, run.gap.gap.T, strict=True)):
        distances = np.where(np.isnan(gaps), np.inf, gaps).tolist()
        yield from (("gap", seed, int(x), value) for x, value in zip(places, distances, strict=True))
    for x, value in zip(*(values.tolist() for values in run.epsilon), strict=True):
        yield "epsilon", "", int(x), value


def write_picture(widget: QWidget, path: Path) -> None:
    """Write what a widget shows as SVG, or as PNG with two pixels for one.

    Raises:
        OSError: the file cannot be written.
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if path.suffix.lower() == ".svg":
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(widget.size())
        generator.setViewBox(widget.rect())
        _render(widget, generator)
    else:
        image = QImage(widget.size() * _SCALE, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(_SCALE)
        _render(widget, image)
        QImageWriter(buffer, QByteArray(b"png")).write(image)
    path.write_bytes(buffer.data().data())


def _render(widget: QWidget, device: QSvgGenerator | QImage) -> None:
    with QPainter(device) as painter:  # one that is left open by an error would end the process
        painter.fillRect(widget.rect(), color("panel"))
        widget.render(painter, QPoint())
