"""Where icons, example worlds and lessons lie."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def asset_path(*parts: str) -> Path:
    """Path of an asset, in an installed wheel as well as in a checkout.

    Args:
        *parts: the path below the assets folder, e.g. `asset_path("icons", "brush.svg")`.

    Returns:
        The path; it need not exist.
    """
    # A wheel carries the assets inside the package; an editable install finds the checkout's.
    installed = _PACKAGE / "assets"
    return (installed if installed.is_dir() else _PACKAGE.parent / "assets").joinpath(*parts)
