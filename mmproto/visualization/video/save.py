"""From a sequence of frames to a video and its numbers."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mmproto.files import write_json
from mmproto.models.utils import get_prototype_head
from mmproto.origin import Origin
from mmproto.requirements import require
from mmproto.visualization.colors import class_colors, class_names

from .frames import Frames
from .layout import PATCH
from .measure import measure, progress, read_prediction
from .painter import Painter
from .rows import describe_concepts, patch_pictures
from .writing import open_writer

ROWS = 8  # concepts with a row of their own


def save_video(
    model: Any,
    frames: Frames,
    out: str | Path,
    point: tuple[int, int] | None = None,
    data_root: str | Path | None = None,
    origin: Origin | None = None,
) -> Path:
    """Explain a sequence as a video, with the numbers as JSON beside it.

    The network runs once on every frame. Its predictions wait in a temporary
    folder, because the strip shows the whole sequence from the first frame
    on; memory holds one frame, and the numbers.

    Args:
        model: From ``mmseg.apis.init_model``, with a ``PrototypeHead``.
        frames: The sequence.
        out: Ends in ``.mp4``; its folder is made when it is missing.
        point: Column and row of a pixel to explain; by default all pixels.
        data_root: Where the training images lie, if they moved.
        origin: Config and checkpoint of the model, if known.

    Returns:
        Path of the video; the numbers lie beside it as ``.json``.

    Raises:
        ImportError: If PyAV is not installed.
        ValueError: If the output is no ``.mp4`` or the input itself, the
            model has no prototype head, the point lies outside of the
            frames, or a frame cannot be read or has another size.
    """
    out = check_out(out, frames)
    meta = getattr(model, 'dataset_meta', None) or {}
    number = get_prototype_head(model).num_classes
    classes = class_names(meta, number)
    with TemporaryDirectory() as folder:
        measurement = measure(model, frames, folder, point)
        order = measurement.by_share()
        concepts = describe_concepts(model, order)
        painter = Painter(
            measurement,
            f'{frames.path.name}: prediction, and the concepts behind it',
            concepts[:ROWS],
            patch_pictures(model, order[:ROWS], PATCH, data_root),
            classes,
            class_colors(meta, number),
        )
        told = [concept.to_dict() for concept in concepts]
        numbers = measurement.to_dict(str(frames.path), classes, told)
        numbers['model'] = None if origin is None else origin.to_dict()
        with open_writer(out, frames.fps, painter.layout.size) as writer:
            total = len(measurement)
            for index, frame in progress(frames, 'Drawing', total):
                prediction = read_prediction(folder, index)
                writer.write(painter.paint(index, frame, prediction))
            # refuses what is not finite; there is no video then
            write_json(numbers, out.with_suffix('.json'), indent=None)
    return out


def check_out(out: str | Path, frames: Frames) -> Path:
    """Find out before a long run whether a video can be written.

    Raises:
        ImportError: If PyAV is not installed.
        ValueError: If the output is no ``.mp4``, cannot be written, or is
            the input itself.
    """
    require('av', 'video')
    out = Path(out)
    if out.suffix != '.mp4':
        raise ValueError(
            f'the explanation of a sequence is an .mp4, got {out}: give '
            '--out OUT.mp4'
        )
    folder = next(p for p in out.resolve().parents if p.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise ValueError(
            f'{out} cannot be written, because {folder} is no folder in which '
            'files may be made: choose another --out'
        )
    if out.resolve() == frames.path.resolve():
        raise ValueError(f'{out} is the sequence itself: choose another --out')
    return out
