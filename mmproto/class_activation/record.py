"""What the deletion curves say, for JSON and in words."""

from collections.abc import Sequence

import numpy as np

from mmproto.models.facts import ModelFacts
from mmproto.utils.origin import Origin
from mmproto.version import __version__

from .curves import CELL, SHARES
from .measure import ORDERS, REGIONS, PixelCurves, mean_and_error

COMPARISON_VERSION = 1
WORDS = dict(
    cam='class activation map',
    concepts='concepts',
    nearest='nearest first',
    random='random order',
)


def comparison_record(
    found: Sequence[PixelCurves],
    facts: ModelFacts,
    origins: tuple[Origin, Origin],
    seed: int,
) -> dict:
    """Return the comparison in plain types, ready for JSON.

    ``mmproto/schemas/cam_comparison.schema.json`` describes them.

    Args:
        found: From :func:`compare_orders`.
        facts: Of the concept model.
        origins: Of the segmentor and of the concept model.
        seed: Of the random pixels and orders.
    """
    surrogate = facts.surrogate
    return dict(
        version=COMPARISON_VERSION,
        mmproto=__version__,
        model=origins[0].to_dict(),
        concept_model=origins[1].to_dict(),
        surrogate=None if surrogate is None else surrogate.to_dict(),
        seed=seed,
        num_images=len({each.image for each in found}),
        num_pixels=len(found),
        cell=CELL,
        shares=list(SHARES),
        regions={region: _region(found, region) for region in REGIONS},
        pixels=[_pixel(each, facts.classes) for each in found],
    )


def describe_areas(record: dict) -> list[str]:
    """Say the areas in a sentence for each region.

    Args:
        record: From :func:`comparison_record`.
    """
    return [_sentence(record, region) for region in REGIONS]


def _sentence(record: dict, region: str) -> str:
    found = record['regions'][region]
    areas = [
        f'{WORDS[order]} {_plus_minus(**found["orders"][order])}'
        for order in ORDERS
    ]
    text = (
        f'Mean probability of the class at the {region} while cells are '
        f'deleted, lower is better: {", ".join(areas)}'
    )
    height = {order: found['orders'][order]['area'] for order in ORDERS}
    for peer in ('nearest', 'random'):
        reached = [
            WORDS[order]
            for order in ('cam', 'concepts')
            if height[peer] <= height[order]
        ]
        if reached:
            text += (
                f'. {WORDS[peer].capitalize()}, which knows nothing of the '
                f'model, is as good as {" and ".join(reached)} or better'
            )
    return f'{text}.'


def _plus_minus(
    area: float, standard_error: float | None, curve: Sequence[float]
) -> str:
    if standard_error is None:
        return f'{area:.3f}'
    return f'{area:.3f} ± {standard_error:.3f}'


def _region(found: Sequence[PixelCurves], region: str) -> dict:
    images = [each.image for each in found]
    areas = {o: [each.area(region, o) for each in found] for o in ORDERS}
    orders = {}
    for order in ORDERS:
        curves = [each.curves[region][order] for each in found]
        mean, error = mean_and_error(areas[order], images)
        orders[order] = dict(
            area=mean,
            standard_error=error,
            curve=np.mean(curves, axis=0).tolist(),
        )
    gaps = np.subtract(areas['concepts'], areas['cam'])
    mean, error = mean_and_error(gaps.tolist(), images)
    return dict(
        orders=orders,
        concepts_minus_cam=dict(
            mean=mean,
            standard_error=error,
            share_below=float((gaps < 0).mean()),
        ),
    )


def _pixel(each: PixelCurves, classes: Sequence[str]) -> dict:
    x, y = each.point
    return {
        'image': each.image,
        'point': dict(x=x, y=y),
        'class': each.category,
        'name': classes[each.category],
        'segment_pixels': each.segment,
        'areas': {
            region: {order: each.area(region, order) for order in ORDERS}
            for region in REGIONS
        },
    }
