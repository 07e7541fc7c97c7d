"""Numbers in a field and on a slider, driven as a user drives them."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from rlsandbox.studio.controls import (
    NumberRow,
    SlimSlider,
)
from rlsandbox.studio.theme import theme, theme_manager
from tests.studio.hands import LEFT, heard, turn_wheel, type_into


@pytest.fixture(autouse=True, params=["dark", "light"])
def dressed(request, qapp):
    theme_manager().apply(qapp, request.param)


def picture(widget: QWidget) -> QImage:
    return widget.grab().toImage()


class TestNumberRow:
    def test_setting_a_value_is_silent_and_moves_the_slider(self, shown):
        row = shown(NumberRow("Step size", 0.1, 0.0, 1.0))
        said = heard(row.edited)
        row.set_value(0.5)
        assert row.value() == 0.5
        assert row.slider.value() == row.slider.maximum() // 2
        assert said == []

    def test_a_typed_value_is_kept_exactly(self, qtbot, shown):
        row = shown(NumberRow("Step size", 0.1, 0.0, 1.0))
        said = heard(row.edited)
        type_into(qtbot, row.field, "0.123456789")
        assert said == [0.123456789]
        assert row.value() == 0.123456789

    def test_looking_at_a_value_does_not_change_it(self, qtbot, shown):
        row = shown(NumberRow("Step size", 0.123456789, 0.0, 1.0, decimals=2))
        said = heard(row.edited)
        row.field.setFocus()
        qtbot.waitUntil(row.field.hasFocus)
        assert row.field.text() == "0.123456789"
        qtbot.keyClick(row.field, Qt.Key.Key_Return)
        row.field.clearFocus()
        assert row.field.text() == "0.12"
        assert row.value() == 0.123456789
        assert said == []

    def test_a_value_that_is_typed_but_not_entered_counts(self, qtbot, shown):
        row = shown(NumberRow("Step size", 0.1, 0.0, 1.0))
        row.field.setFocus()
        row.field.selectAll()
        qtbot.keyClicks(row.field, "0.7")
        assert row.value() == 0.7

    @pytest.mark.parametrize(("text", "kept"), [("7", 1.0), ("-3", 0.0), ("many", 0.1)])
    def test_a_wrong_text_is_marked_and_then_mended(self, qtbot, text, kept, shown):
        row = shown(NumberRow("Step size", 0.1, 0.0, 1.0))
        row.field.setFocus()
        row.field.selectAll()
        qtbot.keyClicks(row.field, text)
        assert row.field.is_wrong()
        assert row.field.toolTip() == "Type a number from 0.0 to 1.0."
        assert row.value() == 0.1
        qtbot.keyClick(row.field, Qt.Key.Key_Return)
        assert row.value() == kept
        assert not row.field.is_wrong()

    def test_escape_takes_back_what_was_typed(self, qtbot, shown):
        row = shown(NumberRow("Step size", 0.1, 0.0, 1.0))
        said = heard(row.edited)
        type_into(qtbot, row.field, "0.9", then=Qt.Key.Key_Escape)
        assert (row.value(), said) == (0.1, [])

    def test_dragging_tells_live_and_rounds(self, qtbot, shown):
        row = shown(NumberRow("Step size", 0.0, 0.0, 1.0))
        said = heard(row.edited)
        slider, y = row.slider, row.slider.height() // 2
        qtbot.mousePress(slider, LEFT, pos=QPoint(slider.width() // 4, y))
        qtbot.mouseMove(slider, QPoint(slider.width() // 2, y))
        qtbot.mouseMove(slider, QPoint(slider.width() + 50, y))
        qtbot.mouseRelease(slider, LEFT, pos=QPoint(slider.width() + 50, y))
        assert said == sorted(said)
        assert len(said) >= 3
        assert said[-1] == 1.0
        assert all(x == round(x, 2) for x in said)

    def test_arrow_keys_step_in_the_field(self, qtbot, shown):
        row = shown(NumberRow("Seeds", 4, 1, 16, integer=True))
        said = heard(row.edited)
        row.field.setFocus()
        for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down):
            qtbot.keyClick(row.field, key)
        assert said == [5, 6, 5]

    def test_double_click_on_the_label_goes_back_to_the_default(self, qtbot, shown):
        row = shown(NumberRow("Step size", 0.5, 0.0, 1.0))
        row.set_default(0.1)
        said = heard(row.edited)
        assert row.differs()
        qtbot.mouseDClick(row.label, LEFT)
        assert said == [0.1]
        assert not row.differs()
        qtbot.mouseDClick(row.label, LEFT)
        assert said == [0.1]

    def test_without_an_upper_bound_there_is_a_field_alone(self, qtbot, shown):
        row = shown(NumberRow("Steps", 1_000_000, 1, None, integer=True))
        assert row.slider is None
        assert row.field.width() > 60
        assert row.field.text() == "1,000,000"
        type_into(qtbot, row.field, "123456789012")
        assert row.value() == 123456789012

    def test_the_columns_are_those_of_the_panel(self, shown):
        row = shown(NumberRow("Step size", 0.1, 0.0, 1.0), width=300)
        assert row.slider.x() == 118
        assert row.field.width() == 60
        assert row.field.geometry().right() == 299

    def test_a_label_that_is_cut_says_itself_in_the_tooltip(self, shown):
        row = shown(NumberRow("A name that is much too long", 0.1, 0.0, 1.0, tooltip="what it does"))
        assert row.label.toolTip() == "A name that is much too long\nwhat it does"

    def test_it_has_a_name_for_those_who_listen(self, shown):
        row = shown(NumberRow("Step size", 0.1, 0.0, 1.0, tooltip="how far"))
        assert row.field.accessibleName() == row.slider.accessibleName() == "Step size"
        assert row.field.accessibleDescription() == "how far"


class TestSlimSlider:
    def test_it_goes_to_where_it_is_pressed(self, qtbot, shown):
        slider = shown(SlimSlider(0, 100), width=214)
        qtbot.mouseClick(slider, LEFT, pos=QPoint(7 + 100, 11))
        assert slider.value() == 50

    def test_the_wheel_moves_it_only_with_the_focus(self, qtbot, shown):
        slider = shown(SlimSlider(0, 100))
        assert not turn_wheel(slider, 1)
        assert slider.value() == 0
        slider.setFocus()
        qtbot.waitUntil(slider.hasFocus)
        turn_wheel(slider, 1)
        assert slider.value() > 0

    def test_keys_move_it(self, qtbot, shown):
        slider = shown(SlimSlider(0, 100))
        for key in (Qt.Key.Key_End, Qt.Key.Key_Left):
            qtbot.keyClick(slider, key)
        assert slider.value() == 99

    def test_the_groove_is_in_the_accent_up_to_the_handle_and_a_marker_stands_beyond(self, shown):
        slider = shown(SlimSlider(0, 100), width=214)
        slider.setValue(50)
        slider.set_markers([(75, "warn")])
        image = picture(slider)
        assert image.pixelColor(50, 11).name() == theme().accent
        assert image.pixelColor(107, 11).name() == theme().text
        assert image.pixelColor(190, 11).name() == theme().line
        assert image.pixelColor(157, 6).name() == theme().warn

    def test_a_range_of_one_value_is_painted(self, shown):
        assert not picture(shown(SlimSlider(0, 0))).isNull()
