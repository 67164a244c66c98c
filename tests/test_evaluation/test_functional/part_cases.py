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


def golden_images(case, *names):
    """Maps, class weights, parts and box of every image of a golden file.

    Birds of all classes have the same 15 parts, so every class gets rows of
    its own.
    """
    size, classes = int(case['in_img_size']), int(case['in_num_classes'])
    box = int(case['in_half_size']) / size
    per_class = int(case['in_prototypes_per_class'])
    weights = torch.eye(classes).repeat_interleave(per_class, 1)
    maps = [case.input(name).detach() for name in names]
    for image, label in enumerate(case['in_labels'].tolist()):
        x, y, width, height = case['in_bbox_xywh'][image].long().tolist()
        points = torch.zeros(1 + 15 * classes, 2, dtype=torch.int64)
        shown = torch.ones(1 + 15 * classes, dtype=torch.int64)
        for part, (px, py) in enumerate(case['in_part_xy'][image].tolist()):
            row = 1 + 15 * label + part
            points[row, 0] = int(size * ((int(py) - y) / height))
            points[row, 1] = int(size * ((int(px) - x) / width))
        shown[1:] = 0
        own = slice(1 + 15 * label, 16 + 15 * label)
        shown[own] = case['in_part_visible'][image]
        cells = maps[0].shape[2] * maps[0].shape[3]
        none = torch.zeros(0, dtype=torch.int64)
        targets = PartTargets(
            size=(size, size),
            part_classes=torch.arange(-15, 15 * classes).div(
                15, rounding_mode='floor'
            )[14:],
            points=points,
            part_pixels=shown[:, None].repeat(1, cells),
            class_pixels=torch.eye(classes)
            .long()[label][:, None]
            .repeat(1, cells),
            masked=torch.zeros(1 + 15 * classes, dtype=torch.bool),
            component_cells=none,
            component_parts=none,
            instances=[],
        )
        yield [each[image] for each in maps], weights.to(maps[0]), targets, box
