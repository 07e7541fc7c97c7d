"""The controls, driven as a user drives them: by mouse, wheel and keyboard."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from rlsandbox.studio.controls import (
    Chip,
    ChipRow,
    ChoiceRow,
    FlatCombo,
    IconButton,
    Notice,
    NumberRow,
    PrimaryButton,
    Section,
    Separator,
    SlimSlider,
    Switch,
    SwitchRow,
    ToolButton,
)
from rlsandbox.studio.theme import THEMES, icon, theme, theme_manager

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True, params=["dark", "light"])
def dressed(request, qapp):
    theme_manager().apply(qapp, request.param)


@pytest.fixture
def shown(qtbot):
    """A function that puts a widget into a panel on the screen and gives the widget back."""
    panels: list[QWidget] = []

    def show(widget, width: int = 300):
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


def picture(widget: QWidget) -> QImage:
    return widget.grab().toImage()


def heard(signal) -> list:
    """What a signal tells from now on."""
    said: list = []
    signal.connect(said.append)
    return said


def type_in(qtbot, row: NumberRow, text: str, then=Qt.Key.Key_Return) -> None:
    row.field.setFocus()
    row.field.selectAll()
    qtbot.keyClicks(row.field, text)
    qtbot.keyClick(row.field, then)


def turn_wheel(widget: QWidget, notches: int) -> bool:
    """Turn the wheel over a widget; whether the widget took it."""
    middle = QPointF(widget.rect().center())
    event = QWheelEvent(
        middle,
        widget.mapToGlobal(middle),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


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
        type_in(qtbot, row, "0.123456789")
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
        type_in(qtbot, row, "0.9", then=Qt.Key.Key_Escape)
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
        type_in(qtbot, row, "123456789012")
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


class TestChoices:
    def test_choosing_tells_the_value_once(self, qtbot, shown):
        row = shown(ChoiceRow("Schedule", [("c", "constant"), ("l", "linear")], "c"))
        said = heard(row.edited)
        row.combo.setFocus()
        qtbot.keyClick(row.combo, Qt.Key.Key_Down)
        qtbot.keyClick(row.combo, Qt.Key.Key_Down)
        assert (said, row.value()) == (["l"], "l")
        row.set_value("c")
        assert (said, row.combo.currentText()) == (["l"], "constant")

    def test_values_need_not_be_texts(self, shown):
        row = shown(ChoiceRow("Moves", [(None, "none"), (8, "eight")], None))
        row.set_default(8)
        row.reset()
        assert row.value() == 8

    def test_the_wheel_leaves_it_alone_without_the_focus(self, shown):
        row = shown(ChoiceRow("Schedule", [(0, "a"), (1, "b")], 0))
        assert not turn_wheel(row.combo, -1)
        assert row.value() == 0

    def test_a_combo_box_keeps_the_width_of_its_panel_when_its_contents_change(self, qtbot, shown):
        combo = shown(FlatCombo(large=True), width=300)
        combo.addItems(["SARSA", "Q-learning"])
        qtbot.wait(60)  # Qt adjusts after 20 ms
        assert combo.width() == 300

    def test_a_switch_switches_by_mouse_and_by_space(self, qtbot, shown):
        row = shown(SwitchRow("Traces", False))
        said = heard(row.edited)
        qtbot.mouseClick(row.switch, LEFT)
        qtbot.keyClick(row.switch, Qt.Key.Key_Space)
        row.set_value(True)
        assert (said, row.value()) == ([True, False], True)


class TestChips:
    def row_of(self, *names: str, kept: tuple[str, ...] = ()) -> ChipRow:
        row = ChipRow()
        for name in names:
            row.add_chip(name.lower(), name, in_menu=name in kept)
        return row

    def test_a_wide_row_shows_all_and_no_menu(self, shown):
        row = self.row_of("Values", "Policy", "Visits")
        shown(row, width=600)
        assert row.in_menu() == []
        assert row.height() == 28

    def test_a_row_of_its_own_size_shows_all(self, shown):
        row = self.row_of("Values", "Policy", "Visits")
        shown(row, width=row.sizeHint().width())
        assert row.in_menu() == []

    def test_a_narrow_row_keeps_the_rest_in_the_menu_in_order(self, shown):
        row = self.row_of("Values", "Policy", "Q values", "Visits", "Trail")
        shown(row, width=240)
        kept = row.in_menu()
        assert kept
        assert row.keys()[-len(kept) :] == kept
        for key in set(row.keys()) - set(kept):
            assert row.chip(key).isVisible()
            assert row.chip(key).geometry().right() < 240
        assert all(not row.chip(key).isVisible() for key in kept)

    def test_chips_in_the_row_and_in_the_menu_tell_the_same(self, qtbot, shown):
        row = self.row_of("Values", "Policy", "Epsilon", kept=("Epsilon",))
        shown(row, width=600)
        said: list = []
        row.toggled.connect(lambda key, on: said.append((key, on)))
        qtbot.mouseClick(row.chip("policy"), LEFT)
        row.fill_menu()
        assert [a.text() for a in row.menu().actions()] == ["Epsilon"]
        row.menu().actions()[0].trigger()
        assert said == [("policy", True), ("epsilon", True)]
        assert row.checked() == ["policy", "epsilon"]
        row.set_checked("policy", False)
        assert row.checked() == ["epsilon"]
        assert len(said) == 2

    def test_the_menu_keeps_groups_together_under_their_names(self, qtbot, shown):
        row = ChipRow()
        for name, group in (
            ("Values", "Values"),
            ("Visits", "Learning"),
            ("Advantage", "Values"),
            ("Trail", "Learning"),
        ):
            row.add_chip(name, name, in_menu=True, group=group)
        shown(row, width=600)
        row.fill_menu()
        texts = [action.text() for action in row.menu().actions()]
        assert texts == ["Values", "Values", "Advantage", "Learning", "Visits", "Trail"]
        assert [action.isEnabled() for action in row.menu().actions()] == [
            False,
            True,
            True,
            False,
            True,
            True,
        ]


class TestButtons:
    def test_sizes_are_those_of_the_design(self):
        sizes = [
            (w.sizeHint().width(), w.sizeHint().height())
            for w in (
                IconButton("stop", "Stop"),
                IconButton("stop", "Stop", flat=True),
                ToolButton("brush", "Brush"),
            )
        ]
        assert sizes == [(36, 36), (28, 28), (44, 34)]
        assert PrimaryButton("Train", "play").sizeHint().height() == 36

    def test_the_primary_button_is_in_the_accent_and_quiet_when_disabled(self, shown):
        button = shown(PrimaryButton("Train", "play"))
        assert picture(button).pixelColor(12, 18).name() == theme().accent
        button.setEnabled(False)
        assert picture(button).pixelColor(12, 18).name() == theme().raised

    def test_a_tool_in_hand_stands_on_the_tint(self, qtbot, shown):
        tool = shown(ToolButton("brush", "Brush"), width=44)
        assert picture(tool).pixelColor(4, 17).name() == theme().panel
        qtbot.mouseClick(tool, LEFT)
        assert tool.isChecked()
        assert picture(tool).pixelColor(4, 17).name() == theme().tint

    @pytest.mark.parametrize(
        "make",
        [
            lambda: PrimaryButton("Train"),
            lambda: IconButton("stop", "Stop"),
            lambda: Chip("Values"),
            lambda: FlatCombo(large=True),
            Switch,
            SlimSlider,
        ],
    )
    def test_focus_by_keyboard_is_seen_and_by_mouse_is_not(self, qtbot, make, shown):
        widget = shown(make())
        widget.setFocus(Qt.FocusReason.MouseFocusReason)
        qtbot.waitUntil(widget.hasFocus)
        plain = picture(widget)
        widget.clearFocus()
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        assert picture(widget) != plain

    def test_a_tool_may_take_its_face_from_an_action(self, qtbot, shown):
        action = QAction(icon("eraser"), "Eraser")
        action.setCheckable(True)
        tool = shown(ToolButton("", ""), width=44)
        plain = picture(tool)
        tool.setDefaultAction(action)
        assert picture(tool) != plain
        qtbot.mouseClick(tool, LEFT)
        assert action.isChecked()
        assert tool.size() == tool.sizeHint()

    def test_every_control_answers_to_a_name(self):
        named = [
            IconButton("stop", "Stop"),
            ToolButton("brush", "Brush"),
            PrimaryButton("Train"),
            Chip("Values"),
        ]
        assert [w.accessibleName() for w in named] == ["Stop", "Brush", "Train", "Values"]


class TestPanels:
    def test_a_section_folds(self, shown):
        section = Section("Cell", collapsible=True)
        content = Separator()
        section.add(content)
        shown(section)
        tall = section.sizeHint().height()
        section.set_folded(True)
        assert not content.isVisible()
        assert section.sizeHint().height() < tall
        section.set_folded(False)
        assert content.isVisible()

    def test_a_section_ends_in_a_line(self, shown):
        section = shown(Section("Agent"))
        image = picture(section)
        assert image.pixelColor(5, image.height() - 1).name() == theme().line
        assert image.pixelColor(5, image.height() - 2) == QColor(theme().panel)

    def test_a_notice_says_its_sentence_in_place_and_offers_a_way_out(self, qtbot, shown):
        notice = shown(Notice())
        assert not notice.isVisible()
        notice.say("This world has no start.", "warn", action="Add one", closable=True)
        assert notice.isVisible()
        with qtbot.waitSignal(notice.activated, timeout=1000):
            qtbot.mouseClick(notice.action_button, LEFT)
        with qtbot.waitSignal(notice.closed, timeout=1000):
            qtbot.mouseClick(notice.close_button, LEFT)
        assert not notice.isVisible()

    def test_a_notice_made_with_a_text_is_no_window(self, shown):
        notice = Notice("This world has no goal.", "info")
        assert not notice.isVisible()
        shown(notice)
        assert notice.isVisible()

    def test_a_long_notice_wraps_and_is_not_cut(self, qtbot, shown):
        notice = Notice("An episode ends only at the step limit. " * 6, "bad", action="Set one")
        shown(notice, width=300)
        panel, label = notice.window(), notice.label
        panel.resize(300, panel.heightForWidth(300))
        qtbot.waitUntil(lambda: label.height() >= label.heightForWidth(label.width()))


def test_a_change_of_theme_reaches_controls_that_stand(qapp, shown):
    button = shown(PrimaryButton("Train"))
    for name in ("light", "dark"):
        theme_manager().apply(qapp, name)
        assert picture(button).pixelColor(12, 18).name() == THEMES[name].accent
