"""The tiles to paint with: swatch, title, shortcut; the wind's direction and strength open under its row."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from rlsandbox.studio.controls import Section
from rlsandbox.studio.controls.frame import KeyboardFocus, draw_frame, painter_of
from rlsandbox.studio.painting import paint_tile
from rlsandbox.studio.panels.button_grid import ButtonGrid
from rlsandbox.studio.panels.wind_editor import WindEditor
from rlsandbox.studio.theme import color, font, theme
from rlsandbox.worlds.tiles import TILES, Tile

_ROW_HEIGHT = 24
_SWATCH = 16
_COMPACT = 44, 30
_DISABLED = 0.35
"""How much is seen of tiles that cannot be laid."""
_COLUMNS = 2


def _families() -> list[tuple[Tile, ...]]:
    """The rows of the palette: tiles that share a key take turns in one row."""
    families: dict[str, list[Tile]] = {}
    for tile in TILES:
        families.setdefault(tile.shortcut or tile.id, []).append(tile)
    return [tuple(tiles) for tiles in families.values()]


def _title(tiles: tuple[Tile, ...]) -> str:
    if len(tiles) == 1:
        return tiles[0].title
    # "One-way" of "One-way up" and its turns, "Key" of the key and its colours
    return tiles[0].title.rpartition(" ")[0] or tiles[0].title


class _Row(KeyboardFocus, QAbstractButton):
    """One row; checked while its tile is the one that is painted."""

    def __init__(self, tiles: tuple[Tile, ...], action: QAction) -> None:
        super().__init__()
        self.tiles = tiles
        self.turn = 0
        self.compact = False
        self.action = action
        self.setText(_title(tiles))
        self.setCheckable(True)
        self.setFont(font(13))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.take(self.tile)
        self.setAccessibleName(self.text())
        self.setAccessibleDescription(self.tile.tip)
        self.clicked.connect(action.trigger)
        action.toggled.connect(self.setChecked)

    @property
    def tile(self) -> Tile:
        return self.tiles[self.turn]

    def take(self, tile: Tile) -> None:
        """Show one of the row's tiles."""
        self.turn = self.tiles.index(tile)
        self.setToolTip(f"{tile.title} ({tile.shortcut})\n{tile.tip}")
        self.update()

    def set_compact(self, compact: bool) -> None:
        """Show the swatch alone, as a button of a grid."""
        self.compact = compact
        horizontal = QSizePolicy.Policy.Fixed if compact else QSizePolicy.Policy.Expanding
        self.setSizePolicy(horizontal, QSizePolicy.Policy.Fixed)

    def nextCheckState(self) -> None:
        """The action alone decides what is checked."""

    def sizeHint(self) -> QSize:
        return QSize(*_COMPACT) if self.compact else QSize(150, _ROW_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, enabled = painter_of(self), self.isEnabled()
        painter.setOpacity(1.0 if enabled else _DISABLED)
        fill = None if not enabled else "tint" if self.isChecked() else "hover" if self.underMouse() else None
        draw_frame(painter, QRectF(self.rect()), 5, fill, None, self.shows_ring())
        side = _SWATCH + 4 * self.compact
        left = (self.width() - side) / 2 if self.compact else 7
        swatch = QRectF(left, (self.height() - side) / 2, side, side)
        outline = QPainterPath()
        outline.addRoundedRect(swatch, 3.5, 3.5)
        painter.save()
        painter.setClipPath(outline)
        paint_tile(painter, self.tile, swatch, theme())
        painter.restore()
        draw_frame(painter, swatch.adjusted(-0.5, -0.5, 0.5, 0.5), 4, None, "line")
        if self.compact:
            return
        painter.setFont(self.font())
        painter.setPen(color("text"))
        place = QRectF(32, 0, self.width() - 60, self.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.setFont(font(12))
        painter.setPen(color("dim" if self.isChecked() else "faint"))
        end = QRectF(0, 0, self.width() - 8, self.height())
        painter.drawText(end, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.tile.shortcut)


class PalettePanel(QWidget):
    """The tile table as a list. Its actions carry the keys; pressing a row's key again turns its tile."""

    tile_selected = Signal(str)
    """The user chose a tile: its id."""
    wind_changed = Signal(object)
    """The user changed what the wind tile paints: (rows, columns)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Make the list; the wall is selected."""
        super().__init__(parent)
        self.tile_actions: dict[str, QAction] = {}
        """`title of the row -> QAction`, for menus and the command palette."""
        self._group = QActionGroup(self)
        self._rows: list[_Row] = []
        self._wind_editor = WindEditor()
        self._wind_editor.setContentsMargins(7, 2, 0, 6)
        self._wind_editor.hide()
        self._wind_editor.edited.connect(self.wind_changed)
        self._compact = False
        section = Section(self.tr("Tiles"), spacing=0)
        self._list = section.body
        self._grid_box = QWidget()
        self._grid = ButtonGrid(_COLUMNS)
        self._grid_box.setLayout(self._grid)
        for tiles in _families():
            action = QAction(_title(tiles), self._group)
            action.setCheckable(True)
            action.setShortcut(QKeySequence(tiles[0].shortcut))
            row = _Row(tiles, action)
            action.setData(row)
            self._rows.append(row)
            self.tile_actions[row.text()] = action
        self._arrange()
        self.addActions(self._group.actions())
        self._group.triggered.connect(self._triggered)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(section)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.select("wall")

    def set_compact(self, compact: bool) -> None:
        """Fold the list into a grid of swatches, or open it again."""
        if compact != self._compact:
            self._compact = compact
            self._arrange()

    def _arrange(self) -> None:
        for widget in (*self._rows, self._grid_box, self._wind_editor):
            self._list.removeWidget(widget)
            self._grid.removeWidget(widget)
        for row in self._rows:
            row.set_compact(self._compact)
            if not self._compact:
                self._list.addWidget(row)
            if row.tile.rule.is_wind and not self._compact:
                self._list.addWidget(self._wind_editor)
        if self._compact:
            self._grid.fill([*self._rows], _COLUMNS)
            self._list.addWidget(self._grid_box)
            self._list.addWidget(self._wind_editor)
        self._grid_box.setVisible(self._compact)
        self.updateGeometry()

    def select(self, tile_id: str) -> None:
        """Choose a tile, without a signal; of a row that turns, this very one."""
        row, tile = next((row, tile) for row in self._rows for tile in row.tiles if tile.id == tile_id)
        row.take(tile)
        row.action.setChecked(True)
        self._follow(row)

    def selected(self) -> str:
        """Id of the chosen tile."""
        return self._row().tile.id

    def wind(self) -> tuple[int, int]:
        """What the wind tile paints: (rows, columns) by which it pushes."""
        return self._wind_editor.wind()

    def set_wind(self, wind: tuple[int, int]) -> None:
        """Change what the wind tile paints, without a signal."""
        self._wind_editor.set_wind(wind)

    def _row(self) -> _Row:
        return self._group.checkedAction().data()

    def _follow(self, row: _Row) -> None:
        self._shown = row
        self._wind_editor.setVisible(row.tile.rule.is_wind)

    def _triggered(self, action: QAction) -> None:
        row: _Row = action.data()
        if row is self._shown:
            row.take(row.tiles[(row.turn + 1) % len(row.tiles)])
        self._follow(row)
        self.tile_selected.emit(row.tile.id)
