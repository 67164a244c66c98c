"""Images with parts for tests: random ones, and those of EvalProtoPNet."""

import torch

from mmproto.evaluation.functional.part_targets import (
    PartTargets,
    part_targets,
)

CLASSES = 3
# rows 1..5; the fourth is of a class that the data set does not have
PART_CLASSES = torch.tensor([-1, 0, 0, 1, -1, 1])
SIZE, CELLS = (23, 31), (4, 6)


class Scene:
    """Squares of parts, objects, and classes that do not always fit."""

    def __init__(self, seed, blob=3, concepts=7):
        g = torch.Generator().manual_seed(seed)

        def draw(high, *shape):
            return torch.randint(0, high, shape, generator=g)

        height, width = SIZE
        coarse = draw(6, height // blob + 1, width // blob + 1)
        fine = coarse.repeat_interleave(blob, 0).repeat_interleave(blob, 1)
        self.parts = fine[:height, :width].contiguous()
        self.labels = PART_CLASSES[self.parts]
        # nothing is labelled in places, and class 2 has no parts at all
        self.labels[self.labels < 0] = 255
        self.labels[:2] = 2
        self.labels[:, ::7] = draw(2, *self.labels[:, ::7].shape)
        rows, columns = torch.arange(height), torch.arange(width)
        self.instances = (rows[:, None] // 9 * 3 + columns // 11) * 2
        self.instances += self.labels == 1
        self.cell_rows = rows * CELLS[0] // height
        self.cell_columns = columns * CELLS[1] // width
        self.maps = torch.rand(concepts, *CELLS, generator=g)
        self.maps[draw(2, *self.maps.shape) == 0] = 0
        self.weights = torch.rand(CLASSES, concepts, generator=g)
        self.weights[draw(3, CLASSES, concepts) == 0] = 0
        self.weights[:, 0] = 0

    @property
    def targets(self):
        return part_targets(
            self.parts,
            self.instances,
            self.labels,
            PART_CLASSES,
            CLASSES,
            self.cell_rows,
            self.cell_columns,
        )


def point_targets(size, points, visible, label, classes, cells):
    """Parts of an image that are points, as EvalProtoPNet has them.

    Birds of all classes have the same parts, so every class gets rows of its
    own.

    Args:
        size: Rows and columns of the image.
        points: Row and column of each part (L,2).
        visible: Whether the image shows each (L,).
        label: Class of the image.
        classes: Number of classes.
        cells: Number of cells.
    """
    number = len(points)
    own = slice(1 + number * label, 1 + number * (label + 1))
    places = torch.zeros(1 + number * classes, 2, dtype=torch.int64)
    places[own] = points
    shown = torch.zeros(len(places), dtype=torch.int64)
    shown[0], shown[own] = 1, visible
    owner = torch.arange(classes).repeat_interleave(number)
    shown_class = torch.arange(classes) == label
    none = torch.zeros(0, dtype=torch.int64)
    return PartTargets(
        size=size,
        part_classes=torch.cat([torch.tensor([-1]), owner]),
        points=places,
        part_pixels=shown[:, None].repeat(1, cells),
        class_pixels=shown_class.long()[:, None].repeat(1, cells),
        masked=torch.zeros(len(places), dtype=torch.bool),
        component_cells=none,
        component_parts=none,
        instances=[],
    )


def golden_images(case, *names):
    """Maps, class weights, parts and box of every image of a golden file."""
    size, classes = int(case['in_img_size']), int(case['in_num_classes'])
    box = int(case['in_half_size']) / size
    per_class = int(case['in_prototypes_per_class'])
    weights = torch.eye(classes).repeat_interleave(per_class, 1)
    maps = [case.input(name).detach() for name in names]
    for image, label in enumerate(case['in_labels'].tolist()):
        x, y, width, height = case['in_bbox_xywh'][image].long().tolist()
        points = [
            [
                int(size * ((int(py) - y) / height)),
                int(size * ((int(px) - x) / width)),
            ]
            for px, py in case['in_part_xy'][image].tolist()
        ]
        targets = point_targets(
            (size, size),
            torch.tensor(points),
            case['in_part_visible'][image],
            label,
            classes,
            maps[0][image, 0].numel(),
        )
        yield [each[image] for each in maps], weights.to(maps[0]), targets, box
