"""The section on concepts: what each speaks for, and where it is from."""

from pathlib import PurePath

from mmproto.utils.markdown import escape, listed, table, weight_list

from .facts import CardFacts


def concepts(facts: CardFacts) -> str:
    """List the concepts that have a weight."""
    used = facts.used_concepts()
    nearest = nearest_images(facts.projection)
    rows = [
        (
            str(k),
            escape(facts.names.get(k, '')),
            speaks_for(facts, k),
            escape(nearest.get(k, '')),
        )
        for k in used
    ]
    header = 'concept', 'name', 'weights', 'nearest training image'
    text = (
        '## Concepts\n\n'
        f'{len(used)} of {facts.num_concepts} concepts have a weight other '
        f'than zero. Prototypes a concept: {facts.prototypes_per_concept}.'
    )
    if facts.disabled:
        text += f' Disabled by hand: {listed(map(str, facts.disabled))}.'
    return f'{text}\n\n{table(header, rows)}'


def speaks_for(facts: CardFacts, concept: int) -> str:
    """Classes of a concept with their weights, the heaviest first."""
    column = [row[concept] for row in facts.class_weights]
    order = sorted(range(len(column)), key=lambda c: -abs(column[c]))
    return weight_list(
        (facts.classes[c], column[c]) for c in order if column[c]
    )


def nearest_images(record: dict | None) -> dict[int, str]:
    """File name of the image that shows each concept best.

    Args:
        record: Of :func:`mmproto.project_prototypes`, if there is any.
    """
    best: dict[int, tuple[float, str]] = {}
    for prototype in (record or {}).get('prototypes', []):
        for patch in prototype['patches'][:1]:
            found = -patch['similarity'], PurePath(patch['image']).name
            concept = prototype['concept']
            best[concept] = min(best.get(concept, found), found)
    return {concept: name for concept, (_, name) in best.items()}
