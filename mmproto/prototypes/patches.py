"""Training patches of the projection record, and where they lie in pixels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmproto.models.decode_heads import PrototypeHead
from mmproto.models.facts import ModelFacts
from mmproto.utils.files import find_image

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Patch:
    """One training patch of a prototype.

    Args:
        prototype: Index of the prototype.
        image: Path, as the data set gave it.
        file: Present path of the image; ``None`` if it is missing.
        scale: Index of the scale.
        dilation: Dilation rate of the scale, if known.
        row: Row of the cell.
        col: Column of the cell.
        similarity: Similarity to the prototype before it was overwritten.
        label: Ground truth under the cell's centre, 255 where void.
        feature_size: Rows and columns of the feature map.
        image_size: Rows and columns of pixels that the map spans.
    """

    prototype: int
    image: str
    file: Path | None
    scale: int
    dilation: int | None
    row: int
    col: int
    similarity: float
    label: int
    feature_size: tuple[int, int]
    image_size: tuple[int, int]

    def box(self) -> Box:
        """Return the pixels ``x0, y0, x1, y1`` under the shared kernel.

        They span ``2 * dilation + 1`` cells in each direction, centred on the
        cell and clipped to the image; the cell alone if the dilation is
        unknown.
        """
        cells = 1 if self.dilation is None else 2 * self.dilation + 1
        return self._box(cells)

    def cell_box(self) -> Box:
        """Return the pixels ``x0, y0, x1, y1`` of the cell itself."""
        return self._box(1)

    def _box(self, cells: int) -> Box:
        (height, width), (rows, columns) = self.image_size, self.feature_size
        y, half_y = (self.row + 0.5) * height / rows, cells * height / rows / 2
        x, half_x = (
            (self.col + 0.5) * width / columns,
            cells * width / columns / 2,
        )
        return (
            max(x - half_x, 0),
            max(y - half_y, 0),
            min(x + half_x, width),
            min(y + half_y, height),
        )

    def to_dict(self) -> dict:
        """Convert to plain types, for JSON."""
        return dict(
            prototype=self.prototype,
            image=self.image,
            found=self.file is not None,
            scale=self.scale,
            dilation=self.dilation,
            row=self.row,
            col=self.col,
            similarity=self.similarity,
            label=self.label,
            feature_size=list(self.feature_size),
            image_size=list(self.image_size),
            box=[round(side, 2) for side in self.box()],
        )


def concept_patches(
    record: dict, concept: int, data_root: str | Path | None = None
) -> list[Patch]:
    """List the patches of one concept.

    Args:
        record: From :func:`mmproto.project_prototypes`.
        concept: Index of the concept.
        data_root: Folder of the images, if they moved.

    Returns:
        First the nearest patch of each of its prototypes, then their second
        nearest, and so on; by similarity within each of these. A place that
        several prototypes share comes once.
    """
    dilations = record.get('dilations')
    ranked = []
    for prototype in record['prototypes']:
        if prototype['concept'] != concept:
            continue
        for rank, place in enumerate(prototype['patches']):
            index = prototype['prototype']
            ranked.append((rank, -place['similarity'], index, place))
    ranked.sort(key=lambda item: item[:3])
    patches = {}
    for _, _, index, place in ranked:
        key = (place['image'], place['scale'], place['row'], place['col'])
        if key not in patches:
            patches[key] = _patch(index, place, dilations, data_root)
    return list(patches.values())


def model_patches(
    facts: ModelFacts,
    concepts: Sequence[int],
    data_root: str | Path | None = None,
) -> dict[int, list[Patch]]:
    """List the patches of some concepts of a model; none without a record.

    Args:
        facts: Facts of the model.
        concepts: Indices of the concepts.
        data_root: Folder of the images, if they moved.

    Raises:
        ValueError: If the projection record is about another model.
    """
    if facts.record is None:
        return {concept: [] for concept in concepts}
    check_record(facts.record, facts.head)
    return {k: concept_patches(facts.record, k, data_root) for k in concepts}


def check_record(record: dict, head: PrototypeHead) -> None:
    """Raise a ValueError if a projection record is about another model."""
    if len(record['prototypes']) != head.prototype_layer.num_prototypes:
        raise ValueError(
            f'the projection record is about {len(record["prototypes"])} '
            f'prototypes, but the model has '
            f'{head.prototype_layer.num_prototypes}; run mmproto project '
            'with this config and checkpoint'
        )


def missing_patches(recorded: bool, patches: Iterable[Patch]) -> list[str]:
    """Say which training patches cannot be shown, and what to do.

    Args:
        recorded: Whether the model has a projection record.
        patches: Patches to show.
    """
    if not recorded:
        return [
            'No training patches: the checkpoint holds no projection record. '
            'Run mmproto project on it.'
        ]
    lost = {patch.image for patch in patches if patch.file is None}
    if not lost:
        return []
    return [
        f'{len(lost)} training images are not where the record says, among '
        f'them {min(lost)}: say where the data lies now (data_root, or '
        '--data-root).'
    ]


def _patch(
    prototype: int,
    place: dict,
    dilations: list[int] | None,
    data_root: str | Path | None,
) -> Patch:
    sizes = {k: tuple(place[k]) for k in ('feature_size', 'image_size')}
    return Patch(
        prototype=prototype,
        file=find_image(place['image'], data_root),
        dilation=None if dilations is None else dilations[place['scale']],
        **(place | sizes),
    )
