"""The list of several pages."""

import base64
from pathlib import Path
from urllib.parse import quote

import mmcv
import numpy as np

from mmproto.models.surrogate_record import percent

from .data import Picture
from .encode import encode_picture

THUMBNAIL = 160  # pixels
QUALITY = 70  # of WebP
LARGEST = 3  # number of classes named


def list_entry(picture: Picture, image: str, page: Path) -> dict:
    """Make a line of the list: a small picture, and what was predicted.

    Args:
        picture: What the page holds.
        image: Path of the picture.
        page: Path of its page, in the folder of the list.
    """
    rgb = mmcv.imread(image)[..., ::-1]
    small = base64.b64encode(encode_picture(rgb, THUMBNAIL, QUALITY))
    return dict(
        name=picture.info['image']['name'],
        href='./' + quote(page.name),
        thumbnail='data:image/webp;base64,' + small.decode('ascii'),
        facts=_facts(picture),
    )


def _facts(picture: Picture) -> list[str]:
    classes, prediction = picture.info['classes'], picture.arrays['prediction']
    counts = np.bincount(prediction.ravel())
    order = np.argsort(-counts, kind='stable')[:LARGEST]
    facts = [
        f'{classes[c]} {counts[c] / prediction.size:.0%}'
        for c in order
        if counts[c]
    ]
    if 'labels' in picture.arrays:
        labels = picture.arrays['labels']
        known = labels < len(classes)
        if known.any():
            wrong = (prediction != labels)[known].mean()
            facts.append(f'{wrong:.1%} of the labelled pixels are wrong')
    here = (picture.info['surrogate'] or {}).get('here')
    if here is not None:
        facts.append(f'agrees with the model at {percent(here)} of pixels')
    return facts
