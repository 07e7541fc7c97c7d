"""Drawing tools: one file a tool; a stroke is one edit. They know no Qt."""

from rlsandbox.studio.tools.base import Keys, Region, Tool, ToolContext
from rlsandbox.studio.tools.brush import Brush
from rlsandbox.studio.tools.eraser import Eraser
from rlsandbox.studio.tools.eyedropper import Eyedropper, tile_under
from rlsandbox.studio.tools.fill import Fill
from rlsandbox.studio.tools.line import Line
from rlsandbox.studio.tools.pan import Pan
from rlsandbox.studio.tools.patch import Patch, copied, moved, pasted
from rlsandbox.studio.tools.policy_arrow import PolicyArrow
from rlsandbox.studio.tools.potential import Potential
from rlsandbox.studio.tools.rectangle import Rectangle
from rlsandbox.studio.tools.select import Select

TOOLS: tuple[type[Tool], ...] = (
    *(Brush, Line, Rectangle, Fill, Select, Eyedropper, Eraser, Pan),
    *(PolicyArrow, Potential),
)
"""In the order of the tool bar."""

__all__ = [
    "TOOLS",
    "Brush",
    "Eraser",
    "Eyedropper",
    "Fill",
    "Keys",
    "Line",
    "Pan",
    "Patch",
    "PolicyArrow",
    "Potential",
    "Rectangle",
    "Region",
    "Select",
    "Tool",
    "ToolContext",
    "copied",
    "moved",
    "pasted",
    "tile_under",
]
