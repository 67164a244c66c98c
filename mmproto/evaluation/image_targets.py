"""The parts of an image, located in the cells of a model."""

import torch

from .functional.part_targets import PartTargets, part_targets
from .parts import PartLoader
from .reading import ImageReading


def image_targets(
    reading: ImageReading, loader: PartLoader | None
) -> PartTargets | None:
    """Locate the parts of an image.

    Args:
        reading: Of the image.
        loader: Of the part labels.

    Returns:
        The parts; ``None`` without a loader, a part file or ground truth.
    """
    parts = None if loader is None else reading.parts(loader)
    if loader is None or parts is None or reading.label_map is None:
        return None
    height, width = parts.parts.shape
    pixels = torch.arange(max(height, width), device=parts.parts.device)
    return part_targets(
        parts.parts,
        parts.instances,
        reading.label_map,
        loader.part_classes.to(parts.parts.device),
        len(reading.class_weights),
        cell_rows=reading.cell_of(pixels[:height], pixels[:1])[0],
        cell_columns=reading.cell_of(pixels[:1], pixels[:width])[1],
    )
