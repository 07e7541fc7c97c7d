"""The one style sheet, as a template over the fields of `rlsandbox.studio.theme.Theme`.

It dresses Qt's own widgets. Controls of the studio paint themselves, where a style sheet falls short.
"""

STYLE_SHEET = """
QMainWindow, QDialog { background: $panel; }
QMessageBox, QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QMainWindow::separator { background: $line; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: $accent; }
QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: $accent; }
QDockWidget { color: $text; }
QDockWidget::title { background: $panel; padding: 8px 14px; text-align: left; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 5px 8px; }

QLabel[role="dim"] { color: $dim; }
QLabel[role="faint"] { color: $faint; }
QLabel[role="accent"] { color: $accent; }
QLabel[role="ok"] { color: $ok; }
QLabel[role="warn"] { color: $warn; }
QLabel[role="bad"] { color: $bad; }

QMenuBar { background: $panel; color: $dim; border: none; padding: 2px 6px; }
QMenuBar::item { background: transparent; padding: 5px 10px; border-radius: 6px; }
QMenuBar::item:selected { background: $hover; color: $text; }
QMenuBar::item:pressed { background: $raised; color: $text; }
QMenu { background: $panel; color: $text; border: 1px solid $line; padding: 6px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 5px; background: transparent; }
QMenu::item:selected { background: $tint; color: $text; }
QMenu::item:disabled { color: $faint; background: transparent; }
QMenu::icon { padding-left: 8px; }
QMenu::separator { height: 1px; background: $line; margin: 6px 8px; }
QStatusBar { background: $panel; color: $dim; border-top: 1px solid $line; }
QStatusBar::item { border: none; }
QSizeGrip { width: 0px; height: 0px; }
QToolBar { background: $panel; border: none; spacing: 4px; padding: 4px; }

QLineEdit, QPlainTextEdit, QTextEdit {
    background: $raised; color: $text; border: 1px solid $line; border-radius: 6px;
    padding: 3px 8px; selection-background-color: $accent; selection-color: $on;
}
QLineEdit:hover, QPlainTextEdit:hover, QTextEdit:hover { border-color: $faint; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus { border-color: $accent; }
QLineEdit:disabled, QPlainTextEdit:disabled, QTextEdit:disabled { color: $faint; background: $panel; }
QLineEdit[wrong="true"] { border-color: $bad; color: $bad; }
QLineEdit[field="true"] { padding: 0px 3px; }

QPushButton {
    background: $raised; color: $text; border: 1px solid $line; border-radius: 6px; padding: 5px 14px;
}
QPushButton[dense="true"] { padding: 2px 10px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $line; }
QPushButton:focus { border-color: $accent; }
QPushButton:default { background: $accent; color: $on; border-color: $accent; }
QPushButton:disabled { color: $faint; background: $panel; border-color: $line; }

QAbstractScrollArea { background: $panel; border: none; }
QAbstractItemView {
    background: $panel; color: $text; border: none; outline: none;
    selection-background-color: $tint; selection-color: $text;
}
QAbstractItemView::item { padding: 3px 8px; border: none; }
QAbstractItemView::item:hover { background: $hover; }
QAbstractItemView::item:selected { background: $tint; color: $text; }
QTableView { gridline-color: $panel; }
QComboBox QAbstractItemView { border: 1px solid $line; padding: 4px; }
QComboBox QAbstractItemView::item { min-height: 24px; }
QHeaderView { background: $panel; border: none; }
QHeaderView::section { background: $panel; color: $dim; border: none; padding: 4px 8px; font-weight: 400; }
QTableCornerButton::section { background: $panel; border: none; }

QCheckBox, QRadioButton { spacing: 8px; }
QCheckBox::indicator, QRadioButton::indicator {
    width: 14px; height: 14px; border: 1px solid $faint; border-radius: 4px; background: $raised;
}
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover,
QCheckBox::indicator:focus, QRadioButton::indicator:focus { border-color: $accent; }
QCheckBox::indicator:checked, QRadioButton::indicator:checked {
    width: 6px; height: 6px; border: 5px solid $accent; background: $on;
}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: $line; }

QTabWidget::pane { border: none; }
QTabBar { background: transparent; border: none; }
QTabBar::tab { background: transparent; color: $dim; border: none; padding: 6px 12px; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }

QScrollBar { background: transparent; border: none; margin: 0px; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: $line; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0px; height: 0px; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QProgressBar { background: $line; border: none; border-radius: 2px; max-height: 4px; color: transparent; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QGroupBox { border: none; border-top: 1px solid $line; margin-top: 20px; padding-top: 8px; }
QGroupBox::title { subcontrol-origin: margin; color: $dim; padding: 0px; }
"""
