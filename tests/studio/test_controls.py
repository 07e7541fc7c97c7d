"""The controls, driven as a user drives them: by mouse, wheel and keyboard."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QColor, QImage
from PySide6.QtWidgets import QWidget

from rlsandbox.studio.controls import (
    Chip,
    ChipRow,
    ChoiceRow,
    FlatCombo,
    IconButton,
    Notice,
    PrimaryButton,
    Section,
    Separator,
    SlimSlider,
    Switch,
    SwitchRow,
    ToolButton,
)
from rlsandbox.studio.theme import THEMES, icon, theme, theme_manager
from tests.studio.hands import LEFT, heard, turn_wheel


@pytest.fixture(autouse=True, params=["dark", "light"])
def dressed(request, qapp):
    theme_manager().apply(qapp, request.param)


def picture(widget: QWidget) -> QImage:
    return widget.grab().toImage()


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
