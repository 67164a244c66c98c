"""What a reader of a page has to know before anything else."""

from mmproto.prototypes.patches import Patch, missing_patches

from .data import Picture

ROUNDED = 1e-6  # error of rounding that needs no mention


def page_notes(
    picture: Picture, patches: dict[int, list[Patch]], mode: str
) -> list[str]:
    """Say what is missing in a page, and why.

    Args:
        picture: What the page holds.
        patches: Training patches of the concepts in use.
        mode: Whether they are in the page.
    """
    listed = [patch for found in patches.values() for patch in found]
    notes = missing_patches(bool(listed), listed)
    if listed and mode != 'embed':
        notes.insert(0, _without_pictures(mode))
    if picture.info.get('rounding', 0) > ROUNDED:
        notes.append(
            'To keep this file small, activations are rounded to 16 bits: '
            'evidence differs from that of the model by at most '
            f'{picture.info["rounding"]:.1e}.'
        )
    return notes


def _without_pictures(mode: str) -> str:
    links = '; links lead to files of this disk' if mode == 'link' else ''
    return (
        'Training pictures are not in this file, because the terms of some '
        'data sets let nobody pass them on, or because it was asked for: '
        f'patches are given by place and SHA-256 of their file{links}. The '
        'explained picture is in this file: share it only if its own terms '
        'allow that.'
    )
