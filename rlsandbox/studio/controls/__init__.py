"""The studio's own controls: small, quiet, usable from the keyboard, the same in both themes."""

from rlsandbox.studio.controls.buttons import IconButton, PrimaryButton, ToolButton
from rlsandbox.studio.controls.chips import Chip, ChipRow
from rlsandbox.studio.controls.choices import ChoiceRow, FlatCombo, Switch, SwitchRow
from rlsandbox.studio.controls.labels import ElidedLabel, text_label, wrapped
from rlsandbox.studio.controls.notice import Notice
from rlsandbox.studio.controls.numbers import NumberField, NumberRow
from rlsandbox.studio.controls.rows import Row
from rlsandbox.studio.controls.scale import Scale
from rlsandbox.studio.controls.section import Section, Separator
from rlsandbox.studio.controls.segments import Segments
from rlsandbox.studio.controls.slider import SlimSlider

__all__ = [
    "Chip",
    "ChipRow",
    "ChoiceRow",
    "ElidedLabel",
    "FlatCombo",
    "IconButton",
    "Notice",
    "NumberField",
    "NumberRow",
    "PrimaryButton",
    "Row",
    "Scale",
    "Section",
    "Segments",
    "Separator",
    "SlimSlider",
    "Switch",
    "SwitchRow",
    "ToolButton",
    "text_label",
    "wrapped",
]
