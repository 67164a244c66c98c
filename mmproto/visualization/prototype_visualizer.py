"""Sheets and concept pages in the visualization backends of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from mmengine.dist import master_only
from mmengine.visualization import LocalVisBackend
from mmengine.visualization.utils import img_from_canvas
from mmseg.visualization import SegLocalVisualizer

from mmproto.registry import VISUALIZERS

if TYPE_CHECKING:
    from mmproto.explanations.concepts import Concept
    from mmproto.explanations.explanation import Explanation


@VISUALIZERS.register_module()
class PrototypeVisualizer(SegLocalVisualizer):
    """mmseg's visualizer that also shows explanations and concepts.

    ``LocalVisBackend`` writes ``vis_image/<name>_<step>.png``; TensorBoard
    groups pictures by the part of their name before the slash. W&B counts
    its own steps, one per picture, because mmengine does not pass ours on.
    """

    @master_only
    def add_explanation(
        self, name: str, explanation: Explanation, step: int = 0
    ) -> None:
        """Show the sheet of an explanation.

        Args:
            name: Of the picture, such as ``explanation/<image stem>``.
            explanation: Of :func:`mmproto.explain`.
            step: Its iteration.
        """
        from mmproto.visualization.sheet import draw_sheet

        self._add_figure(name, draw_sheet(explanation), step)

    @master_only
    def add_concepts(
        self,
        name: str,
        concepts: Sequence[Concept],
        names: Sequence[str],
        step: int = 0,
        note: str = '',
    ) -> None:
        """Show pages of concepts, as ``<name>/01`` and so on.

        Args:
            name: Beginning of the names of all pages.
            concepts: Of :func:`mmproto.explanations.concepts.list_concepts`.
            names: Class names, to say what lies under a patch.
            step: Their iteration.
            note: A remark for the reader.
        """
        from mmproto.visualization.concept_pages import draw_pages

        for number, figure in enumerate(draw_pages(concepts, names, note), 1):
            self._add_figure(f'{name}/{number:02d}', figure, step)

    def _add_figure(self, name: str, figure: Figure, step: int) -> None:
        for backend in self._vis_backends.values():
            if isinstance(backend, LocalVisBackend):
                # without the folder, OpenCV silently writes nothing
                folder = backend.experiment._img_save_dir
                Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
        self.add_image(name, img_from_canvas(figure.canvas), step)


def picture_names(group: str, paths: Sequence[str]) -> list[str]:
    """Name pictures ``<group>/<image stem>``, numbered where stems repeat.

    Args:
        group: Beginning of the names.
        paths: The images.
    """
    stems = [Path(path).stem for path in paths]
    return [
        f'{group}/{stem}' + f'_{number:02d}' * (stems.count(stem) > 1)
        for number, stem in enumerate(stems, 1)
    ]
