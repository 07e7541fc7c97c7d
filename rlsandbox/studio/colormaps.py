"""Colour scales that colour-blind eyes can read, as tables of 256 colours.

Viridis (Smith & van der Walt, 2015), cividis (Nuñez, Anderton & Renslow, 2018) and CET-D1A (Kovesi, 2015),
which diverges around a light middle. Each is kept as the few colours between which straight lines stay within
1/255 of the published table: importing a plotting library for them would cost more than drawing the window.
"""

import functools

import numpy as np
from numpy.typing import NDArray

# Each word is a position (00 to ff) and the colour there.
_ANCHORS = {
    "viridis": """
        00440154 0d481467 1e472a7a 2a443983 3a3e4c8a 5132648e 7d218e8d 8d1e9d89 9922a884 a22ab07f
        ae3bbb75 c160ca60 c973d056 d795d840 e9c5e021 f0d8e219 f6e7e419 fbf4e61e fffde725
    """,
    "cividis": """
        0000204d 13002e6e 1e00356e 1f01366e 220f386e 271d3b6d 2e2a406c 3c3d4a6b 595a5f6d 83807e79
        94908b79 a9a59c76 c5c3b46d d8d8c563 e6e8d259 f7fbe248 fbffe642 ffffea46
    """,
    "diverging": """
        00172972 151e41b1 1e254cca 212b50d2 283c59de 355f6ceb 478689f9 539f9dfd 64c1bbf9 76e0dcf3
        7ae6e1f0 80efe3e7 86f5ddd9 8dfacfc6 99fdb3a3 aafb8b75 b3f6765f baef6650 c9dc4533 d3cf2b21
        dac31615 debb0911 e1b4030e e7a5000b f67d0607 ff660702
    """,
}

NAMES = tuple(_ANCHORS)


@functools.cache
def colors(name: str) -> NDArray[np.uint8]:
    """The colours of a scale, low to high.

    Args:
        name: "viridis", "cividis" or "diverging".

    Returns:
        `[256, 3]` red, green, blue; read-only.

    Raises:
        KeyError: there is no such scale.
    """
    anchors = np.array([list(bytes.fromhex(word)) for word in _ANCHORS[name].split()], dtype=float)
    channels = [np.interp(np.arange(256), anchors[:, 0], anchors[:, k]) for k in (1, 2, 3)]
    table = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    table.setflags(write=False)
    return table


@functools.cache
def words(name: str) -> NDArray[np.uint32]:
    """The same colours as `[257]` 0xAARRGGBB words, with a transparent one at the end for "no value"."""
    red, green, blue = colors(name).astype(np.uint32).T
    table = np.append((0xFF << 24) | (red << 16) | (green << 8) | blue, 0).astype(np.uint32)
    table.setflags(write=False)
    return table


@functools.cache
def is_bright(name: str) -> NDArray[np.bool_]:
    """`[256]`: where dark ink is easier to read than white."""
    return luminance(colors(name)) > BRIGHT


BRIGHT = 0.25
"""Relative luminance above which ink on a colour is dark: white keeps a contrast of 3.5 below it."""


def luminance(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance (WCAG 2) of `[..., 3]` sRGB colours, 0 to 1."""
    share = rgb / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])
