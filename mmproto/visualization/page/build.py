"""From pictures to pages: one file each, and a list of several."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from mmproto.models.facts import ModelFacts
from mmproto.prototypes.patches import Patch, model_patches
from mmproto.utils.files import atomic_path
from mmproto.utils.origin import Origin

from .data import Picture, picture_data
from .encode import pack, quantise
from .listing import list_entry
from .notes import page_notes
from .patches import MODES, PatchStore, default_mode
from .render import render_index, render_page
from .usage import read_usage

GOAL = 3 * 10**6  # bytes of a page; above, numbers are rounded to 16 bits
LIMIT = 10 * 10**6  # bytes of a page, at most
PATCHES = (8, 4, 2, 1)  # of a concept, fewer while a page is above the goal


@dataclass(frozen=True)
class _Form:
    """What a page looks like beside the picture that it is about.

    Args:
        mode: How it holds training patches.
        folder: Where it lies.
        index: Link to the list of all pages, if there are several.
    """

    mode: str
    folder: Path
    index: str | None


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
    """Write an interactive page for every picture.

    Args:
        model: From ``mmseg.apis.init_model``, with a ``PrototypeHead``.
        images: Paths of pictures.
        out: File that ends in ``.html``. Of several pictures it is the list,
            and ``<out>_1.html`` and so on are the pages.
        origin: Where the model comes from.
        point: Column and row of the pixel that is explained first.
        labels: Label maps, one a picture; by default those that the data
            sets of the config hold.
        patches: ``'embed'``, ``'link'`` or ``'none'``; by default by the
            data set, see :func:`default_mode`.
        data_root: Where the training images lie, if they moved.
        concepts: ``concepts.json`` of the model, for how often each concept
            decides on a data set.

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
    usage = _usage(facts, concepts)
    common = dict(origin=origin.to_dict(), patch_mode=mode)
    several = len(images) > 1
    index = './' + quote(out.name) if several else None
    form = _Form(mode, out.parent, index)
    pages, entries = [], []
    for number, image in enumerate(images):
        page = out.with_stem(f'{out.stem}_{number + 1}') if several else out
        picture = picture_data(
            facts, image, point, labels[number] if labels else None
        )
        picture.info |= common
        picture.info['usage'] = (
            None if usage is None else [usage[k] for k in picture.concepts]
        )
        found = model_patches(facts, picture.concepts, data_root)
        pages.append((page, _fit(picture, found, form)))
        entries.append(list_entry(picture, image, page))
    if several:
        pages.insert(0, (out, render_index('Explained pictures', entries)))
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
            'one a picture, in the same order'
        )


def _usage(
    facts: ModelFacts, concepts: str | Path | None
) -> list[float] | None:
    if concepts is None:
        return None
    weights = facts.head.class_weights.detach().cpu().numpy()  # C,K
    return read_usage(concepts, facts.classes, weights)


def _fit(
    picture: Picture, patches: dict[int, list[Patch]], form: _Form
) -> str:
    """The page, rounded and with fewer patches where it would be too large."""
    exact = picture.activations
    text = _page(picture, dict(activations=exact), patches, form, 0)
    if len(text) > GOAL:
        rounded, step = quantise(exact)
        weights = np.abs(picture.arrays['weights']).sum(axis=1).max()
        picture.info['rounding'] = float(step / 2 * weights)
        for shown in range(len(PATCHES)):
            text = _page(picture, rounded, patches, form, shown)
            if len(text) <= GOAL:
                break
    if len(text) > LIMIT:
        raise ValueError(
            f'the page of {picture.info["image"]["path"]} would have '
            f'{len(text) / 1e6:.1f} MB, more than {LIMIT / 1e6:.0f}: '
            f'{len(picture.concepts)} concepts at {exact.shape[1]} cells are '
            'too many; prune the classifier, explain a smaller picture, or '
            'leave the patches out (--patches none)'
        )
    return text


def _page(
    picture: Picture,
    activations: dict[str, np.ndarray],
    patches: dict[int, list[Patch]],
    form: _Form,
    shown: int,
) -> str:
    names = picture.info['classes']
    store = PatchStore(form.mode, form.folder, names, PATCHES[shown])
    described = [store.concept(patches[k]) for k in picture.concepts]
    info = dict(rounding=0.0) | picture.info | dict(patches=described)
    arrays = picture.arrays | activations | dict(patches=store.blob())
    name = picture.info['image']['name']
    notes = page_notes(picture, patches, form.mode)
    payload = pack(info, arrays)
    return render_page(f'Why? {name}', payload, notes, form.index)
