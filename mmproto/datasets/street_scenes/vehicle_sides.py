"""Sides of cars, trucks and buses, with their wheels."""

import numpy as np

from .canvas import SceneCanvas
from .colours import scaled
from .geometry import Face, Surface, disc, patch_of, polygon, rectangle
from .vehicle import CAB, Pose, Vehicle, glare, panel


def draw_side(
    canvas: SceneCanvas, vehicle: Vehicle, pose: Pose, light: float
) -> None:
    """Draw the side; places are measured from the front of the vehicle."""
    face = Face(
        pose.x, pose.z, pose.along, 0.0, vehicle.length, vehicle.height
    )
    patch = patch_of(canvas.camera, face)
    if patch is None:
        return
    if not pose.nose_near:
        patch = patch._replace(u=vehicle.length - patch.u)
    draw = {'car': _car_side, 'truck': _truck_side, 'bus': _bus_side}
    draw[vehicle.kind](canvas, patch, vehicle, light)
    for axle in vehicle.axles:
        _draw_wheel(canvas, patch, vehicle, axle)


def _draw_wheel(
    canvas: SceneCanvas, patch: Surface, vehicle: Vehicle, axle: float
) -> None:
    radius = vehicle.wheel
    tyre = disc(patch, axle, radius, radius)
    canvas.paint(patch, tyre, 'wheel', vehicle.tyre)
    rim = disc(patch, axle, radius, radius * 0.6)
    hub = disc(patch, axle, radius, radius * 0.2)
    light = np.where(hub, 0.5, 1.0 + 0 * patch.v)
    canvas.paint(patch, rim, 'wheel', vehicle.rim, light)


def _car_side(
    canvas: SceneCanvas, patch: Surface, car: Vehicle, light: float
) -> None:
    """Draw a bonnet, a cabin that slopes to the front, windows, lights."""
    length, top, belt = car.length, car.height, 0.9
    lower = polygon(
        patch, (0.0, 0.22), (0.0, 0.72), (1.15, belt + 0.03),
        (length, belt + 0.03), (length, 0.22),
    )  # fmt: skip
    cabin = polygon(
        patch, (1.15, belt), (1.6, top), (length, top), (length, belt)
    )
    shape = panel(patch, light, 0.22, top)
    seam = np.abs(patch.u - length * 0.52) < 0.025
    shape = np.where(seam & (patch.v < belt), shape * 0.6, shape)
    canvas.paint(patch, lower | cabin, 'body', car.paint, shape)
    pane = polygon(
        patch, (1.4, belt + 0.04), (1.72, top - 0.1),
        (length - 0.3, top - 0.1), (length - 0.2, belt + 0.04),
    )  # fmt: skip
    pane &= np.abs(patch.u - length * 0.56) > 0.05
    canvas.paint(patch, pane, 'window', car.glass, glare(patch, belt))
    for u, colour in ((0.12, (235, 230, 205)), (length - 0.1, (200, 30, 25))):
        lamp = rectangle(patch, u - 0.12, 0.6, u + 0.12, 0.76)
        canvas.paint(patch, lamp & lower, 'light', colour)


def _truck_side(
    canvas: SceneCanvas, patch: Surface, truck: Vehicle, light: float
) -> None:
    """Draw a cab with one window, and a box of cargo behind it."""
    cab, floor, top = CAB, 0.85, truck.height
    chassis = rectangle(patch, 0.3, 0.45, truck.length, floor)
    canvas.paint(patch, chassis, 'body', scaled(truck.tyre, 1.3))
    front = polygon(
        patch, (0.0, 0.35), (0.0, 1.4), (0.35, top * 0.8),
        (cab, top * 0.8), (cab, 0.35),
    )  # fmt: skip
    shape = panel(patch, light, 0.35, top)
    canvas.paint(patch, front, 'body', truck.paint, shape)
    pane = polygon(
        patch, (0.3, 1.42), (0.5, top * 0.73), (1.45, top * 0.73), (1.45, 1.42)
    )
    canvas.paint(patch, pane, 'window', truck.glass, glare(patch, 1.4))
    box = rectangle(patch, cab + 0.12, floor, truck.length, top)
    ribs = np.where(patch.u % 0.55 < 0.07, shape * 0.8, shape)
    canvas.paint(patch, box, 'cargo', truck.load, ribs)
    lamp = rectangle(patch, 0.0, 0.6, 0.25, 0.85)
    canvas.paint(patch, lamp, 'light', (235, 230, 205))


def _bus_side(
    canvas: SceneCanvas, patch: Surface, bus: Vehicle, light: float
) -> None:
    """Draw a row of windows and two doors."""
    top, length = bus.height, bus.length
    whole = rectangle(patch, 0.0, 0.35, length, top)
    shape = panel(patch, light, 0.35, top)
    stripe = (patch.v > 0.75) & (patch.v < 1.05)
    canvas.paint(patch, whole, 'body', bus.paint, shape)
    canvas.paint(patch, whole & stripe, 'body', bus.load, shape)
    row = rectangle(patch, 0.25, 1.35, length - 0.3, top - 0.4)
    row &= patch.u % 1.3 > 0.14
    canvas.paint(patch, row, 'window', bus.glass, glare(patch, 1.35))
    for u in (0.4, length * 0.55):
        leaf = rectangle(patch, u, 0.42, u + 1.05, top - 0.45)
        light_of_leaf = np.where(
            np.abs(patch.u - u - 0.52) < 0.05, 1.7, 1.1 + 0 * patch.v
        )
        canvas.paint(patch, leaf, 'door', bus.glass, light_of_leaf)
