"""The report as one picture: curves and histograms of all metrics."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from mmproto.visualization.panels import SMALL
from mmproto.visualization.text import fit, text_width, wrap_text

from .base import lines_of

COLUMNS = 4
PANEL = (4.25, 3.4)  # inches, like all sizes below
TITLE = 0.5  # above all panels
PAD = 0.15  # around each panel
# Okabe and Ito: told apart by all kinds of colour vision
COLORS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00')
STYLES = ('-', '--', ':', '-.', (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
MARKERS = 'osd^vx'
HATCHES = ('', '////', '....', 'xxxx', '\\\\\\\\', '++++')
MOST_MARKERS = 20  # points; a longer curve is a plain line
MOST_LEVEL = 6  # labels below an axis that need not stand upright
MOST_SMALL = 20  # labels below an axis in the usual size
MOST_LABELS = 36  # below an axis; of more, some are left out
LABEL_WIDTH = 1.1  # inches
LABEL_GAP = 0.065  # of a growing axis, between two labels
LEGEND_WIDTH = 3.2
LEGEND_LINE = 0.45  # of a line and the gap before the next


def draw_report(data: dict) -> Figure:
    """Draw every curve and histogram in a panel of its own.

    Args:
        data: Result of :func:`~mmproto.evaluation.report.report_data`.

    Returns:
        A figure on an Agg canvas; pyplot and its state are not involved.
    """
    panels = [
        (draw, metric, name, entry)
        for metric, report in data['metrics'].items()
        for kind, draw in (('curves', _curve), ('histograms', _histogram))
        for name, entry in report[kind].items()
    ]
    rows = max(1, -(-len(panels) // COLUMNS))
    title = _title(data, bool(panels))
    height = rows * PANEL[1] + TITLE * len(title.splitlines())
    figure = Figure(
        figsize=(COLUMNS * PANEL[0], height),
        dpi=110,
        layout=ConstrainedLayoutEngine(w_pad=PAD, h_pad=PAD),
    )
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=SMALL + 4)
    for place, (draw, metric, name, entry) in enumerate(panels, 1):
        axes = figure.add_subplot(rows, COLUMNS, place)
        axes.tick_params(labelsize=SMALL)
        short = metric.replace('Metric', '')
        draw(axes, entry)
        _title_and_legend(axes, f'{short}: {_words(name)}')
        label = _words(entry.get('x_label', ''))
        # on the right may stand the power of ten of the numbers
        axes.set_xlabel(label, fontsize=SMALL + 1, loc='left')
        axes.spines[['top', 'right']].set_visible(False)
    return figure


def _title(data: dict, panels: bool) -> str:
    title = (
        f'{data["config"]} on {data["data_set"]}, '
        f'{data["num_images"]} images, {data["date"]}'
    )
    if not panels:
        title += ': no curves or histograms'
    if data['surrogate'] is not None:
        line = data['surrogate']['sentence']
        width = COLUMNS * PANEL[0] - 2 * PAD
        title += f'\n{wrap_text(line, SMALL + 4, width)}'
    return title


def _curve(axes: Axes, curve: dict) -> None:
    x, lines = curve['x'], lines_of(curve, 'y')
    for index, (name, values) in enumerate(lines.items()):
        axes.plot(
            x,
            [np.nan if value is None else value for value in values],
            color=COLORS[index % len(COLORS)],
            linestyle=STYLES[index % len(STYLES)],
            marker=MARKERS[index % len(MARKERS)]
            if len(x) <= MOST_MARKERS
            else '',
            markersize=4,
            linewidth=1.6,
            label=_words(name),
        )
    known = [v for line in lines.values() for v in line if v is not None]
    if known and min(known) >= 0 and max(known) <= 1:
        axes.set_ylim(-0.03, 1.03)
    _scale_steps(axes, x)
    axes.set_ylabel(_words(curve['y_label']), fontsize=SMALL + 1)
    axes.grid(color='#dddddd', linewidth=0.6)


def _scale_steps(axes: Axes, x: Sequence[float]) -> None:
    """Put ticks at whole numbers; make room for small steps if steps grow."""
    if not all(float(value).is_integer() for value in x):
        return
    # the largest step: the last one may be cut short
    growing = len(x) > 3 and x[0] >= 0 and max(np.diff(x)) > 4 * (x[1] - x[0])
    if not growing:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        return
    axes.set_xlim(x[0] - 0.2, 1.1 * x[-1])  # log(1 + n) needs n > -1
    axes.set_xscale('function', functions=(np.log1p, np.expm1))
    axes.xaxis.set_major_locator(FixedLocator(_apart(x)))
    axes.xaxis.set_minor_locator(NullLocator())


def _apart(steps: Sequence[float]) -> list[float]:
    """Choose steps whose labels do not touch, the last one among them."""
    gap = LABEL_GAP * np.log2(1 + steps[-1])
    chosen = [steps[-1]]
    for step in reversed(steps[:-1]):
        if np.log2((1 + chosen[-1]) / (1 + step)) >= gap:
            chosen.append(step)
    return chosen[::-1]


def _histogram(axes: Axes, histogram: dict) -> None:
    lines = lines_of(histogram, 'counts')
    labels = histogram.get('labels')
    if labels is None:
        _draw_steps(axes, histogram['edges'], lines)
    elif len(lines) > 1 and all(label.isdecimal() for label in labels):
        first = float(labels[0]) - 0.5 if labels else 0.0
        edges = [first + i for i in range(len(labels) + 1)]
        _draw_steps(axes, edges, lines)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    elif len(lines) > 1:
        _draw_shares(axes, labels, lines)
    else:
        _draw_bars(axes, labels, lines[next(iter(lines))])


def _draw_steps(
    axes: Axes, edges: Sequence[float], lines: dict[str, list]
) -> None:
    """Outline distributions; several as shares, since sizes may differ."""
    several = len(lines) > 1
    for index, (name, counts) in enumerate(lines.items()):
        total = sum(counts)
        values = np.divide(counts, total if several and total else 1)
        axes.stairs(
            values,
            edges,
            color=COLORS[index % len(COLORS)],
            linestyle=STYLES[index % len(STYLES)],
            linewidth=1.6,
            fill=not several,
            label=_words(name) if total else f'{_words(name)} (none)',
        )
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.ticklabel_format(axis='x', useOffset=False)
    axes.set_ylabel('share' if several else 'count', fontsize=SMALL + 1)


def _draw_shares(
    axes: Axes, labels: Sequence[str], lines: dict[str, list]
) -> None:
    """Stack the shares of the lines in every bin, with its count above."""
    totals = np.sum(list(lines.values()), axis=0)  # n
    bottom = np.zeros(len(labels))
    for index, (name, counts) in enumerate(lines.items()):
        share = np.divide(counts, np.maximum(totals, 1))
        axes.bar(
            range(len(labels)),
            share,
            bottom=bottom,
            color=COLORS[index % len(COLORS)],
            hatch=HATCHES[index % len(HATCHES)],
            edgecolor='white',
            linewidth=0.5,
            label=_words(name),
        )
        bottom += share
    for place, total in enumerate(totals.tolist()):
        axes.text(
            place, 1.02, _short_count(total), ha='center', fontsize=SMALL - 1
        )
    axes.set_ylim(0, 1.1)
    axes.set_ylabel('share (number above)', fontsize=SMALL + 1)
    _name_places(axes, labels)


def _draw_bars(
    axes: Axes, labels: Sequence[str], values: Sequence[float]
) -> None:
    axes.bar(range(len(labels)), values, color=COLORS[0], width=0.75)
    whole = all(isinstance(value, int) for value in values)
    axes.set_ylim(0, 1.05 * max(values, default=0) or 1)
    axes.set_ylabel('count' if whole else 'value', fontsize=SMALL + 1)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=whole))
    _name_places(axes, labels)


def _name_places(axes: Axes, labels: Sequence[str]) -> None:
    upright = len(labels) > MOST_LEVEL or max(map(len, labels), default=0) > 8
    if not labels:
        axes.text(
            *(0.5, 0.5, 'nothing measured'),
            ha='center',
            fontsize=SMALL,
            transform=axes.transAxes,
        )
    step = max(1, -(-len(labels) // MOST_LABELS))
    size = SMALL - 2.5 if len(labels) > MOST_SMALL else SMALL
    axes.set_xticks(
        range(0, len(labels), step),
        [fit(label, size, LABEL_WIDTH) for label in labels[::step]],
        rotation=90 if upright else 0,
        fontsize=size,
    )


def _title_and_legend(axes: Axes, title: str) -> None:
    """Put the legend between title and panel, where it hides nothing."""
    _, names = axes.get_legend_handles_labels()
    if len(names) < 2:
        axes.set_title(title, fontsize=SMALL + 2, loc='left')
        return
    axes.legend(
        title=title,
        title_fontsize=SMALL + 2,
        alignment='left',
        loc='lower left',
        bbox_to_anchor=(0, 1),
        ncols=_legend_columns(names),
        fontsize=SMALL,
        frameon=False,
        borderpad=0,
        borderaxespad=0.2,
        columnspacing=1.2,
    )


def _legend_columns(names: Sequence[str]) -> int:
    """Fit in as many columns as possible, and fill them equally."""
    widest = max(text_width(name, SMALL) for name in names) + LEGEND_LINE
    lines = -(-len(names) // max(1, int(LEGEND_WIDTH / widest)))
    return -(-len(names) // lines)


def _short_count(number: float) -> str:
    """Write a count with few characters, as in 12k."""
    for limit, unit in ((1e6, 'M'), (1e3, 'k')):
        if number >= limit:
            return f'{number / limit:.3g}{unit}'
    return str(int(number))


def _words(name: str) -> str:
    return name.replace('_', ' ')
