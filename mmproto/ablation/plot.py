"""The results of an ablation as a picture: accuracy against sparsity."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mmengine.logging import print_log

from mmproto.evaluation.report_figure import COLORS, MARKERS
from mmproto.utils.files import atomic_path
from mmproto.visualization.panels import SMALL

from .results import Results
from .table import row_spread

PANELS = {
    'exact_zeros': 'share of exact zeros in the classifier',
    'concepts_used': 'concepts used by the model',
}


def write_figure(results: Results, path: str | Path) -> None:
    """Draw results into a PNG."""
    with atomic_path(path) as temporary:
        draw_results(results).savefig(temporary)
    print_log(str(path), logger=None)


def draw_results(results: Results) -> Figure:
    """Draw mIoU against exact zeros and against concepts used.

    Each row is a point with standard deviations over seeds as bars; a model
    without concepts is a dashed line.

    Args:
        results: Figures by row and seed.

    Returns:
        A figure on an Agg canvas; pyplot and its state are not involved.
    """
    figure = Figure(figsize=(9, 4.5), dpi=110, layout='constrained')
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(PANELS), sharey=True)
    for axes, (name, label) in zip(panels, PANELS.items()):
        _draw_panel(axes, results, name)
        axes.set_xlabel(label, fontsize=SMALL + 1)
        axes.tick_params(labelsize=SMALL)
        axes.spines[['top', 'right']].set_visible(False)
        axes.grid(color='#dddddd', linewidth=0.6)
    panels[0].set_ylabel('mIoU [%]', fontsize=SMALL + 1)
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(
            handles,
            labels,
            loc='outside lower center',
            ncols=4,
            fontsize=SMALL,
            frameon=False,
        )
    return figure


def _draw_panel(axes: Axes, results: Results, name: str) -> None:
    for index, (row, figures) in enumerate(results.items()):
        color = COLORS[index % len(COLORS)]
        miou = row_spread(figures, 'miou')
        place = row_spread(figures, name)
        if miou is None:
            continue
        if place is None:
            axes.axhline(miou.mean, color=color, linestyle='--', label=row)
            continue
        axes.errorbar(
            place.mean,
            miou.mean,
            xerr=place.deviation,
            yerr=miou.deviation,
            color=color,
            # another marker where the colours repeat
            marker=MARKERS[index // len(COLORS) % len(MARKERS)],
            linestyle='',
            capsize=2,
            label=row,
        )
