"""Cars, trucks and buses: boxes of which a side and an end are seen."""

from typing import NamedTuple

import numpy as np

from .canvas import Canvas, Colour
from .colours import any_colour, dark, scaled, tinted
from .geometry import Face, Patch, disc, patch_of, polygon, rectangle
from .parts import part_id
from .stream import Stream


class Vehicle(NamedTuple):
    """Size in metres, colours, and where the wheels sit on the side."""

    kind: str
    length: float
    width: float
    height: float
    paint: Colour
    load: Colour
    glass: Colour
    tyre: Colour
    rim: Colour
    axles: tuple[float, ...]
    wheel: float


class Pose(NamedTuple):
    """Where a vehicle stands.

    Args:
        x: X of its corner that is nearest to the camera.
        z: Z of that corner.
        along: Unit vector along the side, away from the corner.
        across: Unit vector along the end, away from the corner.
        nose_near: Whether the front is at that corner.
    """

    x: float
    z: float
    along: tuple[float, float]
    across: tuple[float, float]
    nose_near: bool


def random_vehicle(kind: str, stream: Stream) -> Vehicle:
    """A car, truck or bus of random size and colours."""
    low, high = {
        'car': ((3.7, 1.65, 1.4), (4.5, 1.8, 1.6)),
        'truck': ((6.0, 2.1, 2.6), (7.5, 2.35, 3.2)),
        'bus': ((7.5, 2.3, 2.7), (9.5, 2.5, 3.1)),
    }[kind]
    length, width, height = (
        stream.uniform(*ends) for ends in zip(low, high)
    )
    wheel = stream.uniform(0.31, 0.36) if kind == 'car' else 0.46
    axles = {
        'car': (0.78, length - 0.78),
        'truck': (1.0, length - 2.3, length - 1.2),
        'bus': (1.9, length - 2.2),
    }[kind]
    return Vehicle(
        kind=kind,
        length=length,
        width=width,
        height=height,
        paint=any_colour(stream),
        load=any_colour(stream),
        glass=tinted(stream, stream.uniform(25, 130), 15.0),
        tyre=dark(stream),
        rim=tinted(stream, stream.uniform(100, 200), 8.0),
        axles=axles,
        wheel=wheel,
    )


def draw_vehicle(canvas: Canvas, vehicle: Vehicle, pose: Pose) -> None:
    """Draw the shadow, then the side and the end that the camera sees."""
    canvas.begin_object()
    _cast_shadow(canvas, vehicle, pose)
    sees_side = pose.x * pose.across[0] + pose.z * pose.across[1] > 0
    sees_end = pose.x * pose.along[0] + pose.z * pose.along[1] > 0
    if sees_end and vehicle.kind == 'car' and pose.nose_near:
        _draw_end(canvas, vehicle, pose, setback=1.4)
    if sees_side:
        _draw_side(canvas, vehicle, pose, 1.0 if sees_end else 0.95)
    if sees_end:
        _draw_end(canvas, vehicle, pose)


def _part(vehicle: Vehicle, kind: str) -> int:
    return part_id(vehicle.kind, kind)


def _cast_shadow(canvas: Canvas, vehicle: Vehicle, pose: Pose) -> None:
    patch = canvas.ground
    x, z = patch.u - pose.x, patch.v - pose.z
    along = x * pose.along[0] + z * pose.along[1]
    across = x * pose.across[0] + z * pose.across[1]
    under = (along > -0.15) & (along < vehicle.length + 0.15)
    under &= (across > -0.25) & (across < vehicle.width + 0.25)
    canvas.shade(under, 0.42)


def _draw_side(
    canvas: Canvas, vehicle: Vehicle, pose: Pose, light: float
) -> None:
    """The side; places are measured from the front of the vehicle."""
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
    canvas: Canvas, patch: Patch, vehicle: Vehicle, axle: float
) -> None:
    radius, wheel = vehicle.wheel, _part(vehicle, 'wheel')
    tyre = disc(patch, axle, radius, radius)
    canvas.paint(patch, tyre, wheel, vehicle.tyre)
    rim = disc(patch, axle, radius, radius * 0.6)
    hub = disc(patch, axle, radius, radius * 0.2)
    light = np.where(hub, 0.5, 1.0 + 0 * patch.v)
    canvas.paint(patch, rim, wheel, vehicle.rim, light)


def _car_side(
    canvas: Canvas, patch: Patch, car: Vehicle, light: float
) -> None:
    """Bonnet, cabin that slopes to the front, two windows, lights."""
    length, top, belt = car.length, car.height, 0.9
    body, window = _part(car, 'body'), _part(car, 'window')
    lower = polygon(
        patch, (0.0, 0.22), (0.0, 0.72), (1.15, belt + 0.03),
        (length, belt + 0.03), (length, 0.22),
    )  # fmt: skip
    cabin = polygon(
        patch, (1.15, belt), (1.6, top), (length, top), (length, belt)
    )
    shape = _panel(patch, light, 0.22, top)
    seam = np.abs(patch.u - length * 0.52) < 0.025
    shape = np.where(seam & (patch.v < belt), shape * 0.6, shape)
    canvas.paint(patch, lower | cabin, body, car.paint, shape)
    pane = polygon(
        patch, (1.4, belt + 0.04), (1.72, top - 0.1),
        (length - 0.3, top - 0.1), (length - 0.2, belt + 0.04),
    )  # fmt: skip
    pane &= np.abs(patch.u - length * 0.56) > 0.05
    canvas.paint(patch, pane, window, car.glass, _glare(patch, belt))
    for u, colour in ((0.12, (235, 230, 205)), (length - 0.1, (200, 30, 25))):
        lamp = rectangle(patch, u - 0.12, 0.6, u + 0.12, 0.76)
        canvas.paint(patch, lamp & lower, _part(car, 'light'), colour)


def _truck_side(
    canvas: Canvas, patch: Patch, truck: Vehicle, light: float
) -> None:
    """A cab with one window, and a box of cargo behind it."""
    cab, floor, top = 1.9, 0.85, truck.height
    body = _part(truck, 'body')
    chassis = rectangle(patch, 0.3, 0.45, truck.length, floor)
    canvas.paint(patch, chassis, body, scaled(truck.tyre, 1.3))
    front = polygon(
        patch, (0.0, 0.35), (0.0, 1.4), (0.35, top * 0.8),
        (cab, top * 0.8), (cab, 0.35),
    )  # fmt: skip
    shape = _panel(patch, light, 0.35, top)
    canvas.paint(patch, front, body, truck.paint, shape)
    pane = polygon(
        patch, (0.3, 1.42), (0.5, top * 0.73), (1.45, top * 0.73), (1.45, 1.42)
    )
    window = _part(truck, 'window')
    canvas.paint(patch, pane, window, truck.glass, _glare(patch, 1.4))
    box = rectangle(patch, cab + 0.12, floor, truck.length, top)
    ribs = np.where(patch.u % 0.55 < 0.07, shape * 0.8, shape)
    canvas.paint(patch, box, _part(truck, 'cargo'), truck.load, ribs)
    lamp = rectangle(patch, 0.0, 0.6, 0.25, 0.85)
    canvas.paint(patch, lamp, _part(truck, 'light'), (235, 230, 205))


def _bus_side(
    canvas: Canvas, patch: Patch, bus: Vehicle, light: float
) -> None:
    """A row of windows and two doors."""
    top, length = bus.height, bus.length
    whole = rectangle(patch, 0.0, 0.35, length, top)
    shape = _panel(patch, light, 0.35, top)
    stripe = (patch.v > 0.75) & (patch.v < 1.05)
    body = _part(bus, 'body')
    canvas.paint(patch, whole, body, bus.paint, shape)
    canvas.paint(patch, whole & stripe, body, bus.load, shape)
    row = rectangle(patch, 0.25, 1.35, length - 0.3, top - 0.4)
    row &= patch.u % 1.3 > 0.14
    window = _part(bus, 'window')
    canvas.paint(patch, row, window, bus.glass, _glare(patch, 1.35))
    for u in (0.4, length * 0.55):
        leaf = rectangle(patch, u, 0.42, u + 1.05, top - 0.45)
        light_of_leaf = np.where(
            np.abs(patch.u - u - 0.52) < 0.05, 1.7, 1.1 + 0 * patch.v
        )
        door = _part(bus, 'door')
        canvas.paint(patch, leaf, door, bus.glass, light_of_leaf)


def _draw_end(
    canvas: Canvas, vehicle: Vehicle, pose: Pose, setback: float = 0.0
) -> None:
    """Front or back; set back, only the cabin behind a bonnet."""
    x = pose.x + setback * pose.along[0]
    z = pose.z + setback * pose.along[1]
    face = Face(x, z, pose.across, 0.0, vehicle.width, vehicle.height)
    patch = patch_of(canvas.camera, face)
    if patch is None:
        return
    half = vehicle.width / 2
    patch = patch._replace(u=patch.u - half)
    if vehicle.kind == 'car' and (setback or not pose.nose_near):
        _car_cabin(canvas, patch, vehicle)
    if not setback:
        _end_below(canvas, patch, vehicle, pose.nose_near)
        if vehicle.kind != 'car':
            _tall_end(canvas, patch, vehicle, pose.nose_near)


def _car_cabin(canvas: Canvas, patch: Patch, car: Vehicle) -> None:
    """Windscreen or rear window in its frame."""
    half, top = car.width / 2, car.height
    frame = polygon(
        patch, (-half, 0.25), (-half, 0.9), (0.03 - half, top),
        (half - 0.03, top), (half, 0.9), (half, 0.25),
    )  # fmt: skip
    shape = _panel(patch, 0.9, 0.25, top)
    canvas.paint(patch, frame, _part(car, 'body'), car.paint, shape)
    pane = polygon(
        patch, (0.12 - half, 0.92), (0.2 - half, top - 0.09),
        (half - 0.2, top - 0.09), (half - 0.12, 0.92),
    )  # fmt: skip
    window = _part(car, 'window')
    canvas.paint(patch, pane, window, car.glass, _glare(patch, 0.9))


def _end_below(
    canvas: Canvas, patch: Patch, vehicle: Vehicle, nose: bool
) -> None:
    """Wheels, bumper, lights and plate of a front or back."""
    half = vehicle.width / 2
    tall = vehicle.kind != 'car'
    floor = 0.45 if tall else 0.25
    belt = 1.2 if tall else (0.74 if nose else 0.9)
    side = np.abs(patch.u)
    wheels = (side < half - 0.03) & (side > half - 0.27)
    wheels &= (patch.v >= 0.0) & (patch.v < floor + 0.05)
    canvas.paint(patch, wheels, _part(vehicle, 'wheel'), vehicle.tyre)
    lower = rectangle(patch, -half, floor, half, belt)
    shape = _panel(patch, 0.85, floor, belt + 0.6)
    shape = np.where(patch.v < floor + 0.16, shape * 0.6, shape)
    canvas.paint(patch, lower, _part(vehicle, 'body'), vehicle.paint, shape)
    if nose:
        grille = rectangle(patch, -half * 0.45, 0.58, half * 0.45, 0.7)
        body = _part(vehicle, 'body')
        canvas.paint(patch, grille, body, vehicle.tyre)
    low = floor + 0.31
    lamps = (side > half - 0.42) & (side < half - 0.04)
    lamps &= (patch.v > low) & (patch.v < low + 0.17)
    colour = (240, 235, 210) if nose else (205, 30, 25)
    canvas.paint(patch, lamps, _part(vehicle, 'light'), colour)
    plate = rectangle(patch, -0.27, floor + 0.14, 0.27, floor + 0.28)
    canvas.paint(patch, plate, _part(vehicle, 'plate'), (215, 215, 205))


def _tall_end(
    canvas: Canvas, patch: Patch, vehicle: Vehicle, nose: bool
) -> None:
    """What is above the bumper of a truck or bus."""
    half, top = vehicle.width / 2, vehicle.height
    shape = _panel(patch, 0.9, 0.3, top)
    above = rectangle(patch, -half, 1.2, half, top)
    if vehicle.kind == 'truck' and not nose:
        ribs = np.where(np.abs(patch.u) < 0.04, shape * 0.6, shape)
        canvas.paint(
            patch, above, _part(vehicle, 'cargo'), vehicle.load, ribs
        )
        return
    if vehicle.kind == 'truck':
        box = _part(vehicle, 'cargo')
        canvas.paint(patch, above, box, vehicle.load, shape)
        above = rectangle(patch, -half, 1.2, half, top * 0.8)
    canvas.paint(patch, above, _part(vehicle, 'body'), vehicle.paint, shape)
    low, high = (1.0, top * 0.8) if nose else (1.5, top * 0.8)
    if vehicle.kind == 'truck':
        low, high = 1.35, top * 0.73
    pane = rectangle(patch, 0.15 - half, low, half - 0.15, high)
    window = _part(vehicle, 'window')
    canvas.paint(patch, pane, window, vehicle.glass, _glare(patch, low))


def _panel(
    patch: Patch, light: float, bottom: float, top: float
) -> np.ndarray:
    """Sheet metal is lighter towards the top, (h, w)."""
    return light * (0.75 + 0.35 * (patch.v - bottom) / (top - bottom))


def _glare(patch: Patch, bottom: float) -> np.ndarray:
    """Panes mirror the sky in slanted bands, (h, w)."""
    band = (patch.u + 0.6 * patch.v) % 1.1 < 0.28
    return np.where(band, 1.45, 1.0) * (0.85 + 0.3 * (patch.v - bottom))
