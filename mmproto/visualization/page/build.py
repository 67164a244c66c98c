"""From pictures to pages: one file each, and a list of several."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from mmproto.models.facts import ModelFacts
from mmproto.prototypes.patches import Patch, missing_patches, model_patches
from mmproto.utils.files import atomic_path
from mmproto.utils.origin import Origin

from .data import Picture, picture_data
from .encode import pack, quantise
from .listing import list_entry
from .patches import MODES, PatchStore, default_mode
from .render import render_index, render_page
from .usage import read_usage

GOAL = 3 * 10**6  # bytes of a page; above, numbers are rounded to 16 bits
LIMIT = 10 * 10**6  # bytes of a page, at most
PATCHES = (8, 4, 2, 1)  # per concept, fewer while a page is above the goal


def save_pages(
    model: Any,
    images: Sequence[str],
    out: str | Path,
    origin: Origin,
    point: tuple[int, int] | None = None,
    labels: Sequence[str] | None = None,
    patches: str | None = None,
    data_root: str | Path | None = None,
    concepts: str | Path | None = None,
) -> list[Path]:
    """Write an interactive page for each picture.

    Args:
        model: From ``mmseg.apis.init_model``, with a ``PrototypeHead``.
        images: Paths of the pictures.
        out: File that ends in ``.html``. For several pictures it becomes the
            list, and ``<out>_1.html`` and so on are the pages.
        origin: Where the model comes from.
        point: Column and row of the pixel that is explained first.
        labels: One label map per picture; by default those that the data
            sets of the config hold.
        patches: ``'embed'``, ``'link'`` or ``'none'``; the default depends on
            the data set, see :func:`default_mode`.
        data_root: Where the training images are, if they moved.
        concepts: ``concepts.json`` of the model, which says how often each
            concept decides on a data set.

    Returns:
        Paths of all files, the one to open first.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If an argument does not fit or a page becomes too large.
    """
    out = Path(out)
    facts = ModelFacts.of(model)
    mode = patches or default_mode(getattr(facts.segmentor, 'cfg', {}))
    _check(images, out, labels, mode)
    usage = None if concepts is None else read_usage(concepts, facts)
    common = dict(origin=origin.to_dict(), patch_mode=mode)
    several = len(images) > 1
    index = './' + quote(out.name) if several else None
    pages, entries = [], []
    for number, image in enumerate(images):
        page = out.with_stem(f'{out.stem}_{number + 1}') if several else out
        label_map = labels[number] if labels else None
        picture = picture_data(facts, image, point, label_map)
        used = picture.info['concepts']
        picture.info |= common
        picture.info['usage'] = usage and [usage[k] for k in used]
        found = model_patches(facts, used, data_root)
        render = partial(_page, picture, found, out.parent, index)
        pages.append((page, _fit(picture, render)))
        entries.append(list_entry(picture, image, page))
    if several:
        surrogate = picture.info['surrogate']
        pages.insert(0, (out, render_index(entries, surrogate)))
    for path, text in pages:  # none, if anything is wrong with a picture
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding='utf-8')
    return [path for path, _ in pages]


def _check(
    images: Sequence[str],
    out: Path,
    labels: Sequence[str] | None,
    mode: str,
) -> None:
    if out.suffix != '.html':
        raise ValueError(f'a page has to end in .html, got {out}')
    if mode not in MODES:
        raise ValueError(f'patches must be one of {MODES}, got {mode!r}')
    if not images:
        raise ValueError('there is no picture to explain')
    if labels and len(labels) != len(images):
        raise ValueError(
            f'got {len(labels)} label maps for {len(images)} pictures; give '
            'one per picture, in the same order'
        )


def _fit(picture: Picture, render: Callable[..., str]) -> str:
    """Render a page, rounded and with fewer patches if it is too large.

    Args:
        picture: What the page holds.
        render: Takes the number of patches per concept and the arrays of the
            activations.
    """
    exact = picture.activations
    text = render(PATCHES[0], dict(activations=exact))
    if len(text) > GOAL:
        rounded, step = quantise(exact)
        weights = np.abs(picture.arrays['weights']).sum(axis=1).max()
        picture.info['rounding'] = float(step / 2 * weights)
        for most in PATCHES:
            text = render(most, rounded)
            if len(text) <= GOAL:
                break
    if len(text) > LIMIT:
        raise ValueError(
            f'the page of {picture.info["image"]["path"]} would have '
            f'{len(text) / 1e6:.1f} MB, more than {LIMIT / 1e6:.0f}: '
            f'{len(exact)} concepts at {exact.shape[1]} cells are '
            'too many; prune the classifier, explain a smaller picture, or '
            'leave the patches out (--patches none)'
        )
    return text


def _page(
    picture: Picture,
    patches: dict[int, list[Patch]],
    folder: Path,
    index: str | None,
    most: int,
    activations: dict[str, np.ndarray],
) -> str:
    info = picture.info
    store = PatchStore(info['patch_mode'], folder, info['classes'], most)
    described = [store.concept(patches[k]) for k in info['concepts']]
    arrays = picture.arrays | activations | dict(patches=store.blob())
    listed = [patch for found in patches.values() for patch in found]
    return render_page(
        title=f'Why? {info["image"]["name"]}',
        index=index,
        patch_mode=info['patch_mode'] if listed else 'embed',
        notes=missing_patches(bool(listed), listed),
        rounding=info['rounding'],
        surrogate=info['surrogate'],
        payload=pack(info | dict(patches=described), arrays),
    )
