"""A figure on which places are inches from its lower left corner."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle


class Canvas:
    """A figure on an Agg canvas; pyplot and its state are not involved.

    Args:
        width: In inches.
        height: In inches.
        dpi: Pixels an inch.

    Attributes:
        figure: What is drawn on.
    """

    def __init__(self, width: float, height: float, dpi: int) -> None:
        self.figure = Figure(figsize=(width, height), dpi=dpi)
        FigureCanvasAgg(self.figure)
        self._size = width, height

    def write(
        self, x: float, y: float, text: str, size: float, **style: Any
    ) -> None:
        """Write text, by default with its upper left corner at a place."""
        placed: dict[str, Any] = dict(
            va='top', transform=self.figure.dpi_scale_trans, fontsize=size
        )
        self.figure.text(x, y, text, **placed | style)

    def add_line(
        self, x: tuple[float, float], y: tuple[float, float], width: float
    ) -> None:
        """Draw a line, ``width`` points wide."""
        line = Line2D(x, y, linewidth=width, color='#444444')
        line.set_transform(self.figure.dpi_scale_trans)
        self.figure.add_artist(line)

    def add_bar(
        self,
        x: tuple[float, float],
        middle: float,
        height: float,
        style: dict[str, Any],
    ) -> None:
        """Draw a bar from here to there."""
        bar = Rectangle(
            (min(x), middle - height / 2),
            max(x) - min(x),
            height,
            edgecolor='black',
            linewidth=0.5,
            transform=self.figure.dpi_scale_trans,
            **style,
        )
        self.figure.add_artist(bar)

    def add_axes(
        self, left: float, bottom: float, width: float, height: float
    ) -> Axes:
        """Add axes, for a picture."""
        across, up = self._size
        place = left / across, bottom / up, width / across, height / up
        return self.figure.add_axes(place)
