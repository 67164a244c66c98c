"""Confusions in words, for people who decide what to do about them."""

from collections.abc import Callable

from mmproto.visualization.text import one_line


def title(data: dict, row: dict, quote: Callable[[str], str] = str) -> str:
    """Name a confusion: "Sidewalk taken for Road, led by concept 17".

    Args:
        data: From :func:`~mmproto.confusions.table.confusion_data`.
        row: One of its confusions.
        quote: Is applied to the names of classes and concepts.
    """
    truth, predicted = both_names(row, quote)
    return f'{truth} taken for {predicted}, {_led_by(data, row, quote)}'


def sentence(data: dict, row: dict, quote: Callable[[str], str] = str) -> str:
    """Say what was found about a confusion, given as to :func:`title`."""
    truth, predicted = both_names(row, quote)
    text = (
        f'{truth} taken for {predicted}: {_number(row["pixels"], "pixel")} '
        f'({row["share"]:.1%} of all wrong pixels) in '
        f'{_number(row["images"], "image")}, {_led_by(data, row, quote)}'
    )
    concept = find_concept(data, row['concept'])
    if concept is None:
        return (
            f'{text}: none speaks more for {predicted} than for {truth}, and '
            'of equal classes the first one wins.'
        )
    weights = {w['class']: w['weight'] for w in concept['class_weights']}
    own, other = (
        weights.get(row[side]['class'], 0.0) for side in ('predicted', 'truth')
    )
    return (
        f'{text} ({predicted} {own:.2f}, {truth} {other:.2f}). There, it '
        f'gives {predicted} {row["mean_part"]:.3g} more than {truth} on '
        f'average, and {predicted} leads by {row["mean_margin"]:.3g}. '
        f'Without concept {row["concept"]}, {row["pair_mended"]:,} of all '
        f'{row["pair_pixels"]:,} {truth} pixels taken for {predicted} would '
        'be right; over all classes '
        f'{_number(concept["mended"], "wrong pixel")} would become right, and '
        f'{concept["broken"]:,} that are right now would be wrong.'
    )


def find_concept(data: dict, number: int | None) -> dict | None:
    """Return the entry of a concept; ``None`` if no concept leads."""
    found = (c for c in data['concepts'] if c['concept'] == number)
    return next(found, None)


def concept_label(concept: dict, quote: Callable[[str], str] = str) -> str:
    """Return the number of a concept, with its name if it has one."""
    name = quote(one_line(concept['name']))
    number = f'concept {concept["concept"]}'
    return f"{number} '{name}'" if name else number


def both_names(row: dict, quote: Callable[[str], str]) -> tuple[str, str]:
    """Return the names of the true and the predicted class."""
    truth, predicted = row['truth']['name'], row['predicted']['name']
    return quote(one_line(truth)), quote(one_line(predicted))


def _led_by(data: dict, row: dict, quote: Callable[[str], str]) -> str:
    concept = find_concept(data, row['concept'])
    if concept is None:
        return 'led by no concept'
    return f'led by {concept_label(concept, quote)}'


def _number(value: int, of: str) -> str:
    return f'{value:,} {of}' if value == 1 else f'{value:,} {of}s'
