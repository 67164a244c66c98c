"""What every concept stands for, and how often a model uses it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmproto.features import evaluating, iterate_features, map_size
from mmproto.files import write_json
from mmproto.models.utils import get_prototype_head
from mmproto.patches import Patch, concept_patches
from mmproto.visualization.colors import class_names

COVERAGE = 0.95  # of the evidence that a decision's concepts explain


@dataclass(frozen=True)
class Concept:
    """One concept of a model.

    Args:
        index: Which one it is.
        weights: Classes it speaks for with their weights, largest first.
        mean_activation: Over all cells of a data set.
        top_share: Share of cells where no other concept contributes more to
            the predicted class.
        patches: Its training patches, nearest first.
    """

    index: int
    weights: list[tuple[str, float]]
    mean_activation: float
    top_share: float
    patches: list[Patch]

    def sentence(self) -> str:
        """Say it as in "concept 17: road 12.29, sidewalk 3.68"."""
        listed = ', '.join(
            f'{name} {weight:.2f}' for name, weight in self.weights
        )
        return (
            f'concept {self.index}: {listed or "no class"} '
            f'(mean activation {self.mean_activation:.4f}, '
            f'decides {self.top_share:.2%} of cells)'
        )

    def to_dict(self) -> dict:
        """Plain types for the JSON."""
        return dict(
            concept=self.index,
            class_weights=[dict(name=n, weight=w) for n, w in self.weights],
            mean_activation=self.mean_activation,
            top_share=self.top_share,
            patches=[patch.to_dict() for patch in self.patches],
        )


@dataclass(frozen=True)
class ConceptUsage:
    """How much and how often a model uses its concepts on a data set.

    Args:
        mean_activation: Of each concept over all cells (K,).
        top_share: Share of cells where a concept contributes most to the
            predicted class (K,). Cells without evidence count for none.
        decision_size: Mean number of concepts that 95 % of the winning
            evidence of a cell takes, the largest first.
    """

    mean_activation: Tensor
    top_share: Tensor
    decision_size: float


def list_concepts(
    model: Any, usage: ConceptUsage, data_root: str | Path | None = None
) -> list[Concept]:
    """List all concepts of a model, the most used first.

    Args:
        model: From ``mmseg.apis.init_model``, with a ``PrototypeHead``.
        usage: Of :func:`concept_usage`.
        data_root: Where the training images lie, if they moved since the
            prototypes were projected.

    Returns:
        The concepts; without patches if the model holds no record.

    Raises:
        ValueError: If the model has no prototype head.
    """
    head = get_prototype_head(model)
    meta = getattr(model, 'dataset_meta', None) or {}
    names = class_names(meta, head.num_classes)
    record = meta.get('projection') or dict(prototypes=[])
    class_weights = head.class_weights.detach().cpu()  # C,K
    concepts = [
        Concept(
            index=k,
            weights=_weights(class_weights[:, k], names),
            mean_activation=float(usage.mean_activation[k]),
            top_share=float(usage.top_share[k]),
            patches=concept_patches(record, k, data_root),
        )
        for k in range(head.num_concepts)
    ]
    return sorted(concepts, key=lambda c: (-c.top_share, -c.mean_activation))


def save_concepts(
    concepts: Sequence[Concept], model: Any, folder: str | Path
) -> list[Path]:
    """Write ``concepts.json`` and pages of patches, ``concepts_01.png``, ...

    Args:
        concepts: Of :func:`list_concepts`.
        model: The same model.
        folder: Made when it is missing.

    Returns:
        Paths of all files.
    """
    from mmproto.visualization.concept_pages import save_pages

    table = Path(folder) / 'concepts.json'
    write_json([concept.to_dict() for concept in concepts], table)
    meta = getattr(model, 'dataset_meta', None) or {}
    names = class_names(meta, get_prototype_head(model).num_classes)
    return [table, *save_pages(concepts, names, folder)]


def concept_usage(model: nn.Module, loader: Iterable) -> ConceptUsage:
    """Measure how much and how often concepts are used.

    One pass in evaluation mode; memory does not depend on its length.

    Args:
        model: A segmentor with a ``PrototypeHead``.
        loader: Gives ``dict(inputs=[...], data_samples=[...])``.

    Raises:
        ValueError: If the loader is empty.
    """
    head = get_prototype_head(model)
    total = torch.zeros(head.num_concepts, dtype=torch.float64)
    top = torch.zeros(head.num_concepts, dtype=torch.int64)
    cells = needed = 0
    with evaluating(model):
        weights = head.class_weights  # C,K
        for image in iterate_features(model, loader, 'Concept usage'):
            activations = head.activations(image.maps)[0]  # 1,K,H,W
            rows, columns = image.inside(map_size(activations))
            activations = activations[0, :, :rows, :columns].flatten(1)  # K,n
            predicted = (weights @ activations).argmax(dim=0)  # n
            contributions = weights[predicted].T * activations  # K,n
            largest, concept = contributions.max(dim=0)  # n
            concept = concept[largest > 0].cpu()
            top += concept.bincount(minlength=head.num_concepts)
            total += activations.double().sum(dim=1).cpu()
            needed += int(needed_concepts(contributions).sum())
            cells += activations.shape[1]
    if not cells:
        raise ValueError(
            'usage of concepts cannot be measured: the data loader is empty'
        )
    return ConceptUsage(total / cells, top.double() / cells, needed / cells)


def needed_concepts(contributions: Tensor) -> Tensor:
    """Fewest concepts that reach 95 % of the evidence for a class.

    What speaks against it, with a signed classifier, does not count: the
    balance of both would be reached by a part of what speaks for it.

    Args:
        contributions: Of each concept to one class, at some cells (K,n).

    Returns:
        Numbers of concepts (n,), 0 where there is no evidence.
    """
    evidence = contributions.clamp(min=0)
    reached = evidence.sort(dim=0, descending=True).values.cumsum(dim=0)
    short = reached < COVERAGE * reached[-1]  # K,n
    return (short.sum(dim=0) + 1) * (reached[-1] > 0)


def model_summary(model: Any, usage: ConceptUsage) -> str:
    """Say in a sentence how sparse a model is and its decisions are."""
    weights = get_prototype_head(model).class_weights  # C,K
    used = int((weights > 0).any(dim=0).sum())
    return (
        f'{used} of {weights.shape[1]} concepts speak for a class, '
        f'{(weights == 0).float().mean():.1%} of the class weights are '
        f'exactly zero, and a decision takes {usage.decision_size:.1f} '
        f'concepts for {COVERAGE:.0%} of its evidence'
    )


def _weights(column: Tensor, names: list[str]) -> list[tuple[str, float]]:
    order = column.argsort(descending=True, stable=True).tolist()
    return [(names[c], float(column[c])) for c in order if column[c] > 0]
