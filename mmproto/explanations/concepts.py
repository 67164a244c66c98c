"""What each concept stands for, and how often a model uses it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mmproto.models.facts import ModelFacts, speaks_for
from mmproto.prototypes.features import evaluating, iterate_features, map_size
from mmproto.prototypes.patches import Patch, concept_patches

COVERAGE = 0.95  # share of the evidence that a decision's concepts reach


@dataclass(frozen=True)
class Concept:
    """One concept of a model.

    Args:
        index: Its number.
        weights: Class weights other than zero, largest first.
        mean_activation: Over all cells of a data set.
        top_share: Share of cells where no other concept contributes more to
            the predicted class.
        patches: Its training patches, nearest first.
        name: A name that people gave it, if any.
        disabled: Whether somebody switched it off.
    """

    index: int
    weights: list[tuple[str, float]]
    mean_activation: float
    top_share: float
    patches: list[Patch]
    name: str | None = None
    disabled: bool = False

    def sentence(self) -> str:
        """Describe it, as in "concept 17 (left rear wheel): road 12.29"."""
        named = f'concept {self.index}'
        if self.name:
            named += f' ({self.name})'
        listed = [f'{name} {weight:.2f}' for name, weight in self.speaks_for]
        return (
            f'{named}: {", ".join(listed) or self.silence} '
            f'(mean activation {self.mean_activation:.4f}, '
            f'decides {self.top_share:.2%} of cells)'
        )

    @property
    def speaks_for(self) -> list[tuple[str, float]]:
        """Classes with a weight above zero, largest weight first."""
        return speaks_for(self.weights)

    @property
    def in_use(self) -> bool:
        """Whether it speaks for or against any class."""
        return bool(self.weights)

    @property
    def silence(self) -> str:
        """Words for a concept that speaks for no class."""
        return 'no class, disabled by hand' if self.disabled else 'no class'


@dataclass(frozen=True)
class ConceptUsage:
    """How much and how often a model uses its concepts on a data set.

    Args:
        mean_activation: Of each concept over all cells (K,).
        top_share: Share of cells where a concept contributes most to the
            predicted class (K,). Cells without evidence count for none.
        decision_size: Mean number of concepts that 95 % of the winning
            evidence of a cell takes, largest first.
        num_cells: Number of measured cells, if known.
        num_images: Number of their images, if known.
    """

    mean_activation: Tensor
    top_share: Tensor
    decision_size: float
    num_cells: int | None = None
    num_images: int | None = None


def list_concepts(
    facts: ModelFacts,
    usage: ConceptUsage,
    data_root: str | Path | None = None,
) -> list[Concept]:
    """List all concepts of a model, the most used first.

    Args:
        facts: Of the model.
        usage: Of :func:`concept_usage`.
        data_root: Folder of the training images, if they moved since the
            prototypes were projected.

    Returns:
        The concepts, without patches if the model has no projection record.
    """
    record = facts.record or dict(prototypes=[])
    concepts = [
        Concept(
            index=k,
            weights=facts.class_weights_of(k),
            mean_activation=float(usage.mean_activation[k]),
            top_share=float(usage.top_share[k]),
            patches=concept_patches(record, k, data_root),
            name=facts.concept_names.get(k),
            disabled=k in facts.disabled,
        )
        for k in range(facts.head.num_concepts)
    ]
    return sorted(concepts, key=lambda c: (-c.top_share, -c.mean_activation))


def concept_usage(facts: ModelFacts, loader: Iterable) -> ConceptUsage:
    """Measure how much and how often a model uses its concepts.

    This takes one pass in evaluation mode. Memory does not depend on its
    length.

    Args:
        facts: Of the model.
        loader: Yields ``dict(inputs=[...], data_samples=[...])``.

    Raises:
        ValueError: If the loader is empty.
    """
    head, model = facts.head, facts.segmentor
    total = torch.zeros(head.num_concepts, dtype=torch.float64)
    top = torch.zeros(head.num_concepts, dtype=torch.int64)
    cells = images = needed = 0
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
            needed += int(count_needed(contributions).sum())
            cells += activations.shape[1]
            images += 1
    if not cells:
        raise ValueError(
            'usage of concepts cannot be measured: the data loader is empty'
        )
    return ConceptUsage(
        mean_activation=total / cells,
        top_share=top.double() / cells,
        decision_size=needed / cells,
        num_cells=cells,
        num_images=images,
    )


def count_needed(contributions: Tensor) -> Tensor:
    """Count the fewest concepts that reach 95 % of the evidence for a class.

    Negative contributions, of a signed classifier, count as zero: part of
    the positive ones would reach the balance of both.

    Args:
        contributions: Of each concept to one class, per cell (K,n).

    Returns:
        Numbers of concepts (n,), 0 where there is no evidence.

    Example:
        >>> count_needed(torch.tensor([[1.0, 0.0], [99.0, 0.0]]))
        tensor([1, 0])
    """
    evidence = contributions.clamp(min=0)
    reached = evidence.sort(dim=0, descending=True).values.cumsum(dim=0)
    short = reached < COVERAGE * reached[-1]  # K,n
    return (short.sum(dim=0) + 1) * (reached[-1] > 0)


def model_summary(facts: ModelFacts, usage: ConceptUsage) -> str:
    """Describe in a sentence how sparse a model and its decisions are."""
    weights = facts.head.class_weights  # C,K
    used = int((weights > 0).any(dim=0).sum())
    return (
        f'{used} of {weights.shape[1]} concepts speak for a class, '
        f'{(weights == 0).float().mean():.1%} of the class weights are '
        f'exactly zero, and a decision takes {usage.decision_size:.1f} '
        f'concepts for {COVERAGE:.0%} of its evidence'
    )


def unused_summary(concepts: Sequence[Concept]) -> str:
    """Say in a sentence how many concepts are on no sheet, and why.

    Args:
        concepts: Of :func:`list_concepts`.

    Returns:
        The sentence; empty if all concepts are in use.
    """
    count = sum(not concept.in_use for concept in concepts)
    if not count:
        return ''
    subject = 'concept contributes' if count == 1 else 'concepts contribute'
    return (
        f'{count} {subject} to no class and '
        f'{"is" if count == 1 else "are"} on no sheet; concepts.json and '
        f'concepts.csv list all {len(concepts)}'
    )
