"""What stands on the road and the pavements."""

from functools import partial

from .layout import Layout
from .people import draw_bicycle, draw_person
from .plants import draw_pole, draw_tree
from .roadside import Placed
from .stream import Stream
from .unseen import draw_deer
from .vehicle import Pose, Vehicle, random_vehicle
from .vehicles import draw_vehicle

# Unit vectors whose components are exact fractions: no sine, no cosine.
SLANTS = ((0.8, 0.6), (0.6, 0.8), (0.96, 0.28), (0.28, 0.96))

# X from, X to, Z from, Z to.
Box = tuple[float, float, float, float]


class Plan:
    """The free ground: no two things may stand inside each other."""

    def __init__(self) -> None:
        self._boxes: list[Box] = []

    def take(self, box: Box) -> bool:
        """Reserve a box of the ground; return whether it was free."""
        left, right, near, far = box
        for other in self._boxes:
            apart = left > other[1] or right < other[0]
            if not (apart or near > other[3] or far < other[2]):
                return False
        self._boxes.append(box)
        return True


def place_street(
    layout: Layout, stream: Stream, unseen: bool = False
) -> list[Placed]:
    """Place the vehicles, poles, trees, bicycles and people of one scene.

    Args:
        layout: The street.
        stream: Source of the numbers.
        unseen: Whether to place deer too.
    """
    plan = Plan()
    placed = _place_deer(layout, plan, stream) if unseen else []
    for _ in range(stream.integer(5, 9)):
        x, z = _walker(layout, stream)
        if plan.take((x - 0.3, x + 0.3, z - 0.2, z + 0.2)):
            draw = partial(draw_person, x=x, z=z, stream=stream)
            placed.append((z, draw))
    for _ in range(stream.integer(3, 6)):
        placed += _place_bicycle(layout, plan, stream)
    for _ in range(stream.integer(4, 6)):
        x, z = _beside(layout, stream), _depth(stream, 3.5, 15.0)
        if plan.take((x - 0.3, x + 0.3, z - 0.3, z + 0.3)):
            placed.append((z, partial(draw_pole, x=x, z=z, stream=stream)))
    for _ in range(stream.integer(1, 3)):
        x, z = _beside(layout, stream), _depth(stream, 7.0, 40.0)
        if plan.take((x - 0.5, x + 0.5, z - 0.5, z + 0.5)):
            placed.append((z, partial(draw_tree, x=x, z=z, stream=stream)))
    for _ in range(stream.integer(4, 7)):
        placed += _place_vehicle(layout, plan, stream)
    return placed


def _depth(stream: Stream, near: float, far: float) -> float:
    """Draw a distance such that sizes in the picture are uniform."""
    return 1.0 / stream.uniform(1.0 / far, 1.0 / near)


def _beside(layout: Layout, stream: Stream) -> float:
    """Draw an X on the pavement, close to a curb."""
    off = stream.uniform(0.4, 0.9)
    if stream.chance(0.5):
        return layout.left - off
    return layout.right + off


def _walker(layout: Layout, stream: Stream) -> tuple[float, float]:
    """Draw X and Z of a pedestrian, mostly on a pavement."""
    z = _depth(stream, 3.4, 14.0)
    place = stream.pick(('left', 'left', 'right', 'right', 'road'))
    span = {
        'left': (layout.wall_left + 0.4, layout.left - 0.3),
        'right': (layout.right + 0.3, layout.wall_right - 0.4),
        'road': (layout.left, layout.right),
    }[place]
    return stream.uniform(*span), z


def _place_deer(layout: Layout, plan: Plan, stream: Stream) -> list[Placed]:
    """Place one to three deer, before all others, near enough to be seen."""
    placed: list[Placed] = []
    number = stream.integer(1, 3)
    while len(placed) < number:
        z = _depth(stream, 4.5, 12.0)
        left, right = layout.wall_left + 1.0, layout.wall_right - 1.0
        # Within what the narrowest camera sees.
        reach = 0.3 * z
        x = stream.uniform(max(left, -reach), min(right, reach))
        along = stream.pick(((1.0, 0.0), (0.96, 0.28), (0.8, 0.6)))
        along = (stream.pick((-1.0, 1.0)) * along[0], along[1])
        if plan.take((x - 1.3, x + 1.3, z - 0.8, z + 0.8)):
            draw = partial(draw_deer, x=x, z=z, along=along, stream=stream)
            placed.append((z, draw))
    return placed


def _place_bicycle(layout: Layout, plan: Plan, stream: Stream) -> list[Placed]:
    x, z = _walker(layout, stream)
    z = min(z, _depth(stream, 3.4, 10.0))
    along = stream.pick(((1.0, 0.0), (0.96, 0.28), (0.8, 0.6)))
    along = (stream.pick((-1.0, 1.0)) * along[0], along[1])
    if not plan.take((x - 1.0, x + 1.0, z - 0.6, z + 0.6)):
        return []
    draw = partial(draw_bicycle, x=x, z=z, along=along, stream=stream)
    return [(z, draw)]


def _place_vehicle(layout: Layout, plan: Plan, stream: Stream) -> list[Placed]:
    kind = stream.pick(('car', 'car', 'truck', 'bus'))
    vehicle = random_vehicle(kind, stream)
    near = 3.4 if kind == 'car' else 5.0
    z = _depth(stream, near, 26.0 if kind == 'car' else 32.0)
    course = stream.pick(('lane', 'parked', 'across', 'slanted'))
    if course in ('lane', 'parked'):
        pose, box = _along_road(layout, vehicle, z, course, stream)
    elif course == 'across':
        pose, box = _across_road(vehicle, z, stream)
    else:
        pose, box = _slanted(layout, vehicle, z, stream)
    if not plan.take(box):
        return []
    return [(pose.z, partial(draw_vehicle, vehicle=vehicle, pose=pose))]


def _along_road(
    layout: Layout, vehicle: Vehicle, z: float, course: str, stream: Stream
) -> tuple[Pose, Box]:
    """Place a vehicle along the street, in a lane or parked at a curb."""
    width = vehicle.width
    on_left = stream.chance(0.5)
    if course == 'parked':
        gap = stream.uniform(0.1, 0.4)
        left = layout.right - width - gap
        left = layout.left + gap if on_left else left
    else:
        lane = 0.25 if on_left else 0.75
        middle = layout.left + lane * (layout.right - layout.left)
        left = middle - width / 2 + stream.uniform(-0.3, 0.3)
    right = left + width
    if right < 0:
        pose = Pose(right, z, (0.0, 1.0), (-1.0, 0.0), on_left)
    else:
        pose = Pose(left, z, (0.0, 1.0), (1.0, 0.0), on_left)
    return pose, (left, right, z, z + vehicle.length + 1.0)


def _across_road(
    vehicle: Vehicle, z: float, stream: Stream
) -> tuple[Pose, Box]:
    """Place a vehicle across the street, so that its whole side is seen."""
    left = stream.uniform(-0.75, 0.55) * z - vehicle.length / 3
    right, nose_near = left + vehicle.length, stream.chance(0.5)
    if right < 0:
        pose = Pose(right, z, (-1.0, 0.0), (0.0, 1.0), nose_near)
    else:
        pose = Pose(left, z, (1.0, 0.0), (0.0, 1.0), nose_near)
    return pose, (left, right, z, z + vehicle.width)


def _slanted(
    layout: Layout, vehicle: Vehicle, z: float, stream: Stream
) -> tuple[Pose, Box]:
    """Place a turning vehicle, of which a side and an end are seen."""
    x = stream.uniform(layout.left + 1.0, layout.right - 1.0)
    a, b = stream.pick(SLANTS)
    if stream.chance(0.5):
        along, across = (a, b), (-b, a)
    else:
        along, across = (-a, b), (b, a)
    pose = Pose(x, z, along, across, stream.chance(0.5))
    ends = (
        0.0,
        along[0] * vehicle.length,
        across[0] * vehicle.width,
    )
    far = z + b * vehicle.length + a * vehicle.width
    return pose, (x + min(ends), x + max(ends), z, far)
