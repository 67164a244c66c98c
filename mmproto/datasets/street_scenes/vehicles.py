"""Cars, trucks and buses: boxes of which a side and an end are seen."""

from .canvas import SceneCanvas
from .vehicle import CAB, Pose, Vehicle
from .vehicle_ends import draw_end
from .vehicle_sides import draw_side


def draw_vehicle(canvas: SceneCanvas, vehicle: Vehicle, pose: Pose) -> None:
    """Draw the shadow, then the side and the end that the camera sees."""
    canvas.begin_object(vehicle.kind)
    _cast_shadow(canvas, vehicle, pose)
    sees_side = pose.x * pose.across[0] + pose.z * pose.across[1] > 0
    sees_end = pose.x * pose.along[0] + pose.z * pose.along[1] > 0
    # Behind a bonnet comes a windscreen, behind a cab the box of a truck.
    setback = {'car': 1.4, 'truck': CAB + 0.12, 'bus': 0.0}[vehicle.kind]
    if sees_end and pose.nose_near and setback:
        draw_end(canvas, vehicle, pose, setback)
    if sees_side:
        draw_side(canvas, vehicle, pose, 1.0 if sees_end else 0.95)
    if sees_end:
        draw_end(canvas, vehicle, pose)


def _cast_shadow(canvas: SceneCanvas, vehicle: Vehicle, pose: Pose) -> None:
    patch = canvas.ground
    x, z = patch.u - pose.x, patch.v - pose.z
    along = x * pose.along[0] + z * pose.along[1]
    across = x * pose.across[0] + z * pose.across[1]
    under = (along > -0.15) & (along < vehicle.length + 0.15)
    under &= (across > -0.25) & (across < vehicle.width + 0.25)
    canvas.shade(under, 0.42)
