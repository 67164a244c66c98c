"""The picture while it is painted, from far to near."""

import numpy as np

from .geometry import Camera, Surface, ground
from .parts import part_id
from .stream import Stream

Colour = tuple[float, float, float]

GROUND_PARTS = tuple(
    part_id(name, kind)
    for name, kind in (
        ('road', 'surface'),
        ('road', 'marking'),
        ('sidewalk', 'surface'),
        ('sidewalk', 'curb'),
    )
)


class SceneCanvas:
    """Colour, part, object and depth of every pixel.

    Args:
        camera: The camera; its size is that of the canvas, h x w.
        stream: Source of the grain of the textures.

    Attributes:
        colour: RGB from 0 to 255, (3, h, w) float32.
        part: Part id, (h, w) uint8.
        owner: Number of the object a pixel belongs to, (h, w) int32.
        depth: Metres away, (h, w) float32.
    """

    def __init__(self, camera: Camera, stream: Stream) -> None:
        self.camera = camera
        size = camera.rows, camera.cols
        self.colour = np.zeros((3, *size), np.float32)
        self.part = np.zeros(size, np.uint8)
        self.owner = np.zeros(size, np.int32)
        self.depth = np.zeros(size, np.float32)
        self.ground = ground(camera)
        self._grain = stream.grain(256, 256)
        self._object = 0
        self._class_name = ''

    def begin_object(self, class_name: str) -> None:
        """Give what is painted from now on to a new object of a class."""
        self._object += 1
        self._class_name = class_name

    def paint(
        self,
        patch: Surface,
        mask: np.ndarray,
        kind: str,
        colour: Colour,
        texture: np.ndarray | None = None,
    ) -> None:
        """Paint the masked pixels of a patch.

        Args:
            patch: The patch, h x w.
            mask: Which of its pixels, (h, w) bool.
            kind: Kind of part of the object that they show.
            colour: RGB.
            texture: Factors of the brightness, (h, w).

        Raises:
            ValueError: If the class of the object has no such part.
        """
        part = part_id(self._class_name, kind)
        rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not rows.size:
            return
        # A patch is mostly empty: work on the box around the mask.
        box = slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)
        place = (
            slice(patch.rows.start + rows[0], patch.rows.start + box[0].stop),
            slice(patch.cols.start + cols[0], patch.cols.start + box[1].stop),
        )
        mask = mask[box]
        light = np.ones((1, 1), np.float32)
        if texture is not None:
            light = texture[box].astype(np.float32)
        for plane, value in zip(self.colour, colour):
            np.copyto(plane[place], light * np.float32(value), where=mask)
        np.copyto(self.part[place], np.uint8(part), where=mask)
        np.copyto(self.owner[place], np.int32(self._object), where=mask)
        depth = np.broadcast_to(patch.depth, patch.v.shape)[box]
        np.copyto(self.depth[place], depth.astype(np.float32), where=mask)

    def shade(self, mask: np.ndarray, factor: float) -> None:
        """Darken the ground under a mask (h, w) of the ground patch."""
        place = self.ground.rows, self.ground.cols
        lying = np.isin(self.part[place], GROUND_PARTS) & mask
        light = np.where(lying, np.float32(factor), np.float32(1))
        for plane in self.colour:
            plane[place] *= light

    def rough(
        self, patch: Surface, cell: float, strength: float
    ) -> np.ndarray:
        """Return a texture of square cells of random brightness.

        Args:
            patch: The patch, h x w.
            cell: Side of a cell in metres.
            strength: Largest difference from 1.

        Returns:
            Factors, (h, w) float32.
        """
        down = np.floor(patch.v / cell).astype(np.int64) & 255
        right = np.floor(patch.u / cell).astype(np.int64) & 255
        return 1 + np.float32(strength) * self._grain[down, right]
