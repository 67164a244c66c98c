"""The files of a comparison with class activation maps."""

from collections.abc import Sequence
from pathlib import Path

from mmproto.utils.files import atomic_path, write_json

from .figure import PixelPair, draw_comparison


def save_comparison(
    pairs: Sequence[PixelPair], record: dict, path: str | Path
) -> list[Path]:
    """Write the numbers, and the figure.

    Args:
        pairs: Pixels to draw.
        record: From :func:`~mmproto.class_activation.record.\
comparison_record`.
        path: Of the figure, a PNG file.

    Returns:
        Paths of the numbers, beside the figure, and of the figure.

    Raises:
        ValueError: If a number is not finite. Nothing is written then.
    """
    picture = Path(path)
    figure = draw_comparison(pairs, record)
    numbers = picture.with_suffix('.json')
    write_json(record, numbers)
    with atomic_path(picture) as temporary:
        figure.savefig(temporary)
    return [numbers, picture]
