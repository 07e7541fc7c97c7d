"""Settings that hold before any test imports Qt."""

import os
import tempfile

import pytest

# Tests need no screen; the few that open a real window start an X server of their own.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# What the studio remembers (window state, recent files) goes to a folder of this run, not to the user's own.
_settings = tempfile.TemporaryDirectory(prefix="rlsandbox-tests-")
for _name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
    os.environ[_name] = _settings.name


@pytest.fixture(scope="session", autouse=True)
def widgets(qapp: object) -> None:
    """One application for all tests: where a picture is painted first, it would be one without widgets."""


def pytest_unconfigure(config: pytest.Config) -> None:
    _settings.cleanup()
