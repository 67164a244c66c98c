"""What the meta information of a data set says about classes and concepts."""

import colorsys
from collections.abc import Mapping

Color = tuple[int, int, int]

VOID = 255  # label of a pixel without ground truth
NAMES = 'concept_names'
DISABLED = 'disabled_concepts'


def class_names(dataset_meta: Mapping | None, num_classes: int) -> list[str]:
    """Names of the classes; their numbers where the meta data has none."""
    names = list((dataset_meta or {}).get('classes') or [])
    if len(names) != num_classes:
        return [f'class {index}' for index in range(num_classes)]
    return [str(name) for name in names]


def class_colors(
    dataset_meta: Mapping | None, num_classes: int
) -> list[Color]:
    """RGB colours of the classes; spread hues where there is no palette."""
    palette = (dataset_meta or {}).get('palette')
    palette = [] if palette is None else palette
    if len(palette) != num_classes:
        hues = [index / num_classes for index in range(num_classes)]
        palette = [
            [255 * part for part in colorsys.hsv_to_rgb(hue, 0.75, 0.9)]
            for hue in hues
        ]
    return [(int(r), int(g), int(b)) for r, g, b in palette]


def concept_names(dataset_meta: Mapping | None) -> dict[int, str]:
    """Names that people gave to concepts, by number."""
    names = (dataset_meta or {}).get(NAMES) or {}
    return {int(concept): str(name) for concept, name in names.items()}


def disabled_concepts(dataset_meta: Mapping | None) -> dict[int, list[float]]:
    """Class weights (C,) that disabled concepts had before, by number."""
    kept = (dataset_meta or {}).get(DISABLED) or {}
    return {int(concept): list(weights) for concept, weights in kept.items()}
