"""A figure on which places are measured from its upper left corner."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Affine2D


class Canvas:
    """A figure on an Agg canvas; pyplot and its state are not involved.

    Args:
        width: In units.
        height: In units.
        dpi: Pixels per inch.
        unit: Inches per unit: ``1 / dpi`` measures in pixels.

    Attributes:
        figure: The figure to draw on.
    """

    def __init__(
        self, width: float, height: float, dpi: int, unit: float = 1.0
    ) -> None:
        size = unit * width, unit * height
        self.figure = Figure(figsize=size, dpi=dpi)
        FigureCanvasAgg(self.figure)
        self._size = width, height
        flipped = Affine2D().scale(1 / width, -1 / height).translate(0, 1)
        self._places = flipped + self.figure.transFigure

    def write(
        self, x: float, y: float, text: str, size: float, **style: Any
    ) -> None:
        """Write text, by default with its upper left corner at a place.

        Args:
            x: From the left.
            y: From the top.
            text: One line or more.
            size: Of the font, in points.
            style: Of matplotlib's text.
        """
        placed: dict[str, Any] = dict(
            va='top', transform=self._places, fontsize=size
        )
        self.figure.text(x, y, text, **placed | style)

    def add_line(
        self, x: tuple[float, float], y: tuple[float, float], width: float
    ) -> None:
        """Draw a line from ``x[0], y[0]`` on, ``width`` points wide."""
        line = Line2D(x, y, linewidth=width, color='#444444')
        line.set_transform(self._places)
        self.figure.add_artist(line)

    def add_box(
        self,
        left: float,
        top: float,
        width: float,
        height: float,
        **style: Any,
    ) -> None:
        """Draw a filled rectangle, by default with a thin black edge."""
        plain: dict[str, Any] = dict(
            edgecolor='black', linewidth=0.5, transform=self._places
        )
        box = Rectangle((left, top), width, height, **plain | style)
        self.figure.add_artist(box)

    def add_axes(
        self, left: float, top: float, width: float, height: float
    ) -> Axes:
        """Add axes, for a picture or a plot."""
        across, down = self._size
        bottom = 1 - (top + height) / down
        return self.figure.add_axes(
            (left / across, bottom, width / across, height / down)
        )
