"""From a sequence of frames to a video and its numbers."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mmproto.models.facts import ModelFacts
from mmproto.utils.files import check_writable, write_json
from mmproto.utils.origin import Origin
from mmproto.utils.requirements import require
from mmproto.visualization.crops import patch_pictures

from .background import PATCH
from .frames import Frames
from .measure import log_progress, measure_frames, read_prediction
from .painter import Painter
from .record import frame_record, open_lines, sequence_record
from .writing import open_writer

ROWS = 8  # concepts that have a row


def save_video(
    model: Any,
    frames: Frames,
    out: str | Path,
    point: tuple[int, int] | None = None,
    data_root: str | Path | None = None,
    origin: Origin | None = None,
) -> Path:
    """Explain a sequence by a video, with the numbers beside it.

    The network runs once on every frame. Its predictions and numbers wait in
    a temporary folder, because the strip shows the whole sequence from the
    first frame on. Memory holds one frame, whatever the length.

    Args:
        model: From ``mmseg.apis.init_model``, with a ``PrototypeHead``.
        frames: The sequence.
        out: Ends in ``.mp4``; a missing folder is created.
        point: Column and row of a pixel to explain; by default all pixels.
        data_root: Where the training images lie, if they moved.
        origin: Config and checkpoint of the model, if known.

    Returns:
        Path of the video. Beside it are a summary of the numbers (``.json``)
        and one line per frame (``.jsonl``).

    Raises:
        ImportError: If PyAV is not installed.
        ValueError: If the output is not an ``.mp4`` or is the input, the
            model has no prototype head, the point lies outside the frames,
            or a frame cannot be read or has another size.
    """
    out = check_out(out, frames)
    facts = ModelFacts.of(model)
    with TemporaryDirectory() as folder:
        measurement = measure_frames(facts, frames, folder, point)
        concepts = measurement.by_share()[:ROWS]
        painter = Painter(
            measurement,
            f'{frames.path.name}: prediction, and the concepts behind it',
            facts,
            concepts,
            patch_pictures(facts, concepts, PATCH, data_root),
        )
        lines = out.with_suffix('.jsonl')
        summary = sequence_record(
            measurement, str(frames.path), lines.name, facts
        )
        summary['model'] = None if origin is None else origin.to_dict()
        # a number that is not finite is refused; there is no file then
        with (
            open_lines(lines) as write_line,
            open_writer(
                out, measurement.fps, painter.layout.size, measurement.even
            ) as write_frame,
        ):
            total = len(measurement)
            for index, (_, frame) in log_progress(frames, 'Drawing', total):
                numbers = measurement[index]
                write_line(frame_record(index, numbers, facts.classes))
                prediction = read_prediction(folder, index)
                picture = painter.paint(index, numbers, frame, prediction)
                write_frame(picture, numbers.time)
        write_json(summary, out.with_suffix('.json'))
    return out


def check_out(out: str | Path, frames: Frames) -> Path:
    """Check before a long run whether a video can be written.

    Raises:
        ImportError: If PyAV is not installed.
        ValueError: If the output is not an ``.mp4``, cannot be written, or
            is the input.
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
