"""Fronts and backs of cars, trucks and buses."""

import numpy as np

from .canvas import SceneCanvas
from .geometry import Face, Surface, patch_of, polygon, rectangle
from .vehicle import Pose, Vehicle, glare, panel


def draw_end(
    canvas: SceneCanvas, vehicle: Vehicle, pose: Pose, setback: float = 0.0
) -> None:
    """Draw the front or back; set back, only what rises behind the front."""
    x = pose.x + setback * pose.along[0]
    z = pose.z + setback * pose.along[1]
    face = Face(x, z, pose.across, 0.0, vehicle.width, vehicle.height)
    patch = patch_of(canvas.camera, face)
    if patch is None:
        return
    nose = pose.nose_near
    patch = patch._replace(u=patch.u - vehicle.width / 2)
    if vehicle.kind == 'car' and (setback or not nose):
        _car_cabin(canvas, patch, vehicle)
    if vehicle.kind == 'truck' and (setback or not nose):
        _truck_box(canvas, patch, vehicle)
    if not setback:
        _end_below(canvas, patch, vehicle, nose)
        if vehicle.kind == 'bus' or (vehicle.kind == 'truck' and nose):
            _tall_end(canvas, patch, vehicle, nose)


def _car_cabin(canvas: SceneCanvas, patch: Surface, car: Vehicle) -> None:
    """Draw the windscreen or rear window in its frame."""
    half, top = car.width / 2, car.height
    frame = polygon(
        patch, (-half, 0.25), (-half, 0.9), (-half, top),
        (half, top), (half, 0.9), (half, 0.25),
    )  # fmt: skip
    shape = panel(patch, 0.9, 0.25, top)
    canvas.paint(patch, frame, 'body', car.paint, shape)
    pane = polygon(
        patch, (0.12 - half, 0.92), (0.2 - half, top - 0.09),
        (half - 0.2, top - 0.09), (half - 0.12, 0.92),
    )  # fmt: skip
    canvas.paint(patch, pane, 'window', car.glass, glare(patch, 0.9))


def _end_below(
    canvas: SceneCanvas, patch: Surface, vehicle: Vehicle, nose: bool
) -> None:
    """Draw wheels, bumper, lights and plate of a front or back."""
    half = vehicle.width / 2
    tall = vehicle.kind != 'car'
    floor = 0.45 if tall else 0.25
    belt = 1.2 if tall else (0.74 if nose else 0.9)
    side = np.abs(patch.u)
    wheels = (side < half - 0.03) & (side > half - 0.27)
    wheels &= (patch.v >= 0.0) & (patch.v < floor + 0.05)
    canvas.paint(patch, wheels, 'wheel', vehicle.tyre)
    lower = rectangle(patch, -half, floor, half, belt)
    shape = panel(patch, 0.85, floor, belt + 0.6)
    shape = np.where(patch.v < floor + 0.16, shape * 0.6, shape)
    canvas.paint(patch, lower, 'body', vehicle.paint, shape)
    if nose:
        grille = rectangle(patch, -half * 0.45, 0.58, half * 0.45, 0.7)
        canvas.paint(patch, grille, 'body', vehicle.tyre)
    low = floor + 0.31
    lamps = (side > half - 0.42) & (side < half - 0.04)
    lamps &= (patch.v > low) & (patch.v < low + 0.17)
    colour = (240, 235, 210) if nose else (205, 30, 25)
    canvas.paint(patch, lamps, 'light', colour)
    plate = rectangle(patch, -0.27, floor + 0.14, 0.27, floor + 0.28)
    canvas.paint(patch, plate, 'plate', (215, 215, 205))


def _truck_box(canvas: SceneCanvas, patch: Surface, truck: Vehicle) -> None:
    """Draw the end of the box of a truck, with its two doors."""
    half, top = truck.width / 2, truck.height
    box = rectangle(patch, -half, 0.85, half, top)
    shape = panel(patch, 0.9, 0.3, top)
    ribs = np.where(np.abs(patch.u) < 0.04, shape * 0.6, shape)
    canvas.paint(patch, box, 'cargo', truck.load, ribs)


def _tall_end(
    canvas: SceneCanvas, patch: Surface, vehicle: Vehicle, nose: bool
) -> None:
    """Draw what is above the bumper of a bus or the cab of a truck."""
    half, top = vehicle.width / 2, vehicle.height
    shape = panel(patch, 0.9, 0.3, top)
    roof = top * 0.8 if vehicle.kind == 'truck' else top
    above = rectangle(patch, -half, 1.2, half, roof)
    canvas.paint(patch, above, 'body', vehicle.paint, shape)
    low, high = (1.0, top * 0.8) if nose else (1.5, top * 0.8)
    if vehicle.kind == 'truck':
        low, high = 1.35, top * 0.73
    pane = rectangle(patch, 0.15 - half, low, half - 0.15, high)
    canvas.paint(patch, pane, 'window', vehicle.glass, glare(patch, low))
