"""The concepts of a model, for JSON and CSV."""

from collections import Counter
from collections.abc import Sequence

from torch import Tensor

from mmproto.explanations.concepts import Concept, ConceptUsage
from mmproto.models.metainfo import VOID
from mmproto.models.surrogate_record import Surrogate
from mmproto.prototypes.patches import Patch
from mmproto.utils.origin import Origin
from mmproto.utils.spreadsheet import Cell, make_csv

CONCEPTS_VERSION = 1


def concepts_record(
    concepts: Sequence[Concept],
    usage: ConceptUsage,
    weights: Tensor,
    classes: Sequence[str],
    origin: Origin | None = None,
    surrogate: Surrogate | None = None,
) -> dict:
    """Return concepts in plain types, ready for JSON.

    ``mmproto/schemas/concepts.schema.json`` describes them.

    Args:
        concepts: In the order to list them in.
        usage: Of the same model.
        weights: Its class weights (C,K).
        classes: Names of the classes.
        origin: Its config and checkpoint, if known.
        surrogate: How far it is like the model that it explains, if it is a
            surrogate.
    """
    return dict(
        version=CONCEPTS_VERSION,
        model=None if origin is None else origin.to_dict(),
        classes=list(classes),
        num_concepts=weights.shape[1],
        sparsity=int((weights == 0).sum()) / weights.numel(),
        decision_size=usage.decision_size,
        num_cells=usage.num_cells,
        num_images=usage.num_images,
        concepts=[_concept(concept, classes) for concept in concepts],
        surrogate=surrogate and surrogate.to_dict(),
    )


def concepts_csv(
    concepts: Sequence[Concept], weights: Tensor, classes: Sequence[str]
) -> str:
    """Return concepts as CSV, with the weights for each class last.

    Args:
        concepts: In the order to list them in.
        weights: Class weights (C,K) of the model.
        classes: Names of the classes.

    Raises:
        ValueError: If a number is not finite.
    """
    header = ['concept', 'name', 'disabled', 'mean_activation', 'top_share']
    rows: list[list[Cell]] = []
    for concept in concepts:
        purity, label = label_purity(concept.patches, len(classes))
        rows.append(
            [
                concept.index,
                concept.name,
                concept.disabled,
                concept.mean_activation,
                concept.top_share,
                purity,
                None if label is None else classes[label],
                *weights[:, concept.index].tolist(),
            ]
        )
    return make_csv([*header, 'purity', 'label', *classes], rows)


def label_purity(
    patches: Sequence[Patch], num_classes: int
) -> tuple[float | None, int | None]:
    """Return the share of the most frequent label of patches, and the label.

    Args:
        patches: Of one concept; void ones do not count.
        num_classes: Labels from this number on are void too.

    Returns:
        The share and the label, the lowest on ties; ``None`` for both if no
        patch has a label.
    """
    labels = (patch.label for patch in patches if patch.label != VOID)
    known = Counter(label for label in labels if label < num_classes)
    if not known:
        return None, None
    label = min(known, key=lambda number: (-known[number], number))
    return known[label] / known.total(), label


def _concept(concept: Concept, classes: Sequence[str]) -> dict:
    purity, label = label_purity(concept.patches, len(classes))
    return dict(
        concept=concept.index,
        name=concept.name,
        disabled=concept.disabled,
        class_weights=[dict(name=n, weight=w) for n, w in concept.weights],
        mean_activation=concept.mean_activation,
        top_share=concept.top_share,
        purity=purity,
        label=None
        if label is None
        else {'class': label, 'name': classes[label]},
        patches=[patch.to_dict() for patch in concept.patches],
    )
