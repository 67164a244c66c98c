"""From a sequence of frames to a video and its numbers."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mmproto.models.facts import ModelFacts
from mmproto.utils.files import check_writable, write_json
from mmproto.utils.origin import Origin
from mmproto.utils.requirements import require

from .frames import Frames
from .layout import PATCH
from .measure import measure, progress, read_prediction
from .painter import Painter
from .record import frame_record, open_lines, sequence_record
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
    """Explain a sequence as a video, with the numbers beside it.

    The network runs once on every frame. Its predictions and numbers wait in
    a temporary folder, because the strip shows the whole sequence from the
    first frame on; memory holds one frame, whatever the length.

    Args:
        model: From ``mmseg.apis.init_model``, with a ``PrototypeHead``.
        frames: The sequence.
        out: Ends in ``.mp4``; its folder is made when it is missing.
        point: Column and row of a pixel to explain; by default all pixels.
        data_root: Where the training images lie, if they moved.
        origin: Config and checkpoint of the model, if known.

    Returns:
        Path of the video. A summary of the numbers lies beside it as
        ``.json``, and a line for every frame as ``.jsonl``.

    Raises:
        ImportError: If PyAV is not installed.
        ValueError: If the output is no ``.mp4`` or the input itself, the
            model has no prototype head, the point lies outside of the
            frames, or a frame cannot be read or has another size.
    """
    out = check_out(out, frames)
    facts = ModelFacts.of(model)
    with TemporaryDirectory() as folder:
        measurement = measure(facts, frames, folder, point)
        order = measurement.by_share()
        concepts = describe_concepts(facts, order)
        painter = Painter(
            measurement,
            f'{frames.path.name}: prediction, and the concepts behind it',
            concepts[:ROWS],
            patch_pictures(facts, order[:ROWS], PATCH, data_root),
            facts.classes,
            facts.palette,
        )
        lines = out.with_suffix('.jsonl')
        summary = sequence_record(
            measurement, str(frames.path), lines.name, facts.classes, concepts
        )
        summary['model'] = None if origin is None else origin.to_dict()
        # a number that is not finite is refused; there is no file then
        with (
            open_lines(lines) as write_line,
            open_writer(
                out, measurement.fps, painter.layout.size, measurement.even
            ) as video,
        ):
            total = len(measurement)
            for index, (_, frame) in progress(frames, 'Drawing', total):
                numbers = measurement[index]
                write_line(frame_record(index, numbers, facts.classes))
                prediction = read_prediction(folder, index)
                picture = painter.paint(index, numbers, frame, prediction)
                video.write(picture, numbers.time)
        write_json(summary, out.with_suffix('.json'))
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
    check_writable(out)
    if out.resolve() == frames.path.resolve():
        raise ValueError(f'{out} is the sequence itself: choose another --out')
    return out
