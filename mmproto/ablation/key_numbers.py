"""The few numbers of a run that a table shows and a repository keeps."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

VOID = 255
# name -> metric and scalar of the report
SCALARS = {
    'exact_zeros': ('ExplanationSizeMetric', 'zero_weights'),
    'concepts_used': ('ExplanationSizeMetric', 'global_size'),
    'local_size': ('ExplanationSizeMetric', 'local_size_needed'),
    'concepts_dead': ('DiversityMetric', 'dead'),
    'duplicates': ('DiversityMetric', 'duplicates'),
    'class_purity': ('PurityMetric', 'class_purity'),
    'class_purity_used': ('PurityMetric', 'class_purity_used'),
    'part_purity': ('PurityMetric', 'part_purity'),
    'part_purity_used': ('PurityMetric', 'part_purity_used'),
    # the definition that docs/metrics.md recommends to compare models by
    'consistency': ('ConsistencyMetric', 'consistency_corrected'),
    'sharpness': ('BoundarySharpnessMetric', 'sharpness'),
    'completeness_error_max': ('FaithfulnessMetric', 'completeness_error_max'),
    **{
        f'{name}_{size}': (
            'ScaleIndependenceMetric',
            f'{scalar}_{size}{pixels}',
        )
        for size in ('half', 'double')
        for name, scalar, pixels in (
            ('kept', 'top_concept_kept', '_confident'),
            ('kappa', 'top_concept_kappa', '_confident'),
            ('scale_right', 'scale_right', ''),
            ('scale_right_by_chance', 'scale_right_by_chance', ''),
        )
    },
}
NAMES = (
    'miou',
    'miou_before',
    *SCALARS,
    'train_class_purity',
    'seconds_step',
    'memory_mb',
    'iterations',
)
CLASS_PREFIX = 'iou_'
Figures = dict[str, float | None]


def check_names(names: Iterable[str]) -> None:
    """Refuse unknown names of figures.

    Raises:
        ValueError: There is one.
    """
    for name in names:
        if name not in NAMES and not name.startswith(CLASS_PREFIX):
            raise ValueError(
                f'there is no figure {name!r}; choose from '
                f'{", ".join(NAMES)}, {CLASS_PREFIX}<class>'
            )


def accuracy_figures(accuracy: Mapping[str, float | None]) -> Figures:
    """Pick the IoU of the classes and their mean, in percent.

    Args:
        accuracy: As ``tools/test.py`` and the report of explanations name
            it.
    """
    classes = {
        CLASS_PREFIX + name.removeprefix('IoU.'): _finite(value)
        for name, value in accuracy.items()
        if name.startswith('IoU.')
    }
    return {'miou': _finite(accuracy.get('mIoU')), **classes}


def concept_figures(report: Mapping | None) -> Figures:
    """Pick what the metrics of explanations found.

    Args:
        report: Of ``evaluate_explanations.py``; ``None`` for a model without
            concepts, whose figures are all ``None``.
    """
    metrics = report['metrics'] if report else {}
    return {
        name: metrics.get(metric, {}).get('scalars', {}).get(scalar)
        for name, (metric, scalar) in SCALARS.items()
    }


def train_class_purity(
    record: Mapping, classes: Sequence[int]
) -> float | None:
    """Average the share of the most frequent label of strongest patches.

    For each concept with a weight, the ``topk`` strongest patches of all its
    prototypes count; a patch on a void pixel has no class.

    Args:
        record: Of the projection, see :mod:`mmproto.prototypes.projection`.
        classes: Number of classes for which each concept has a weight (K).

    Returns:
        From 0 to 1; ``None`` where no concept has a weight and patches.
    """
    patches: dict[int, list[dict]] = {}
    for prototype in record['prototypes']:
        own = patches.setdefault(prototype['concept'], [])
        own += prototype['patches']
    shares = []
    for concept, found in patches.items():
        if not classes[concept] or not found:  # all its prototypes pruned
            continue
        found = sorted(found, key=lambda patch: -patch['similarity'])
        labels = [patch['label'] for patch in found[: record['topk']]]
        counts = Counter(v for v in labels if v not in (None, VOID))
        shares.append(max(counts.values(), default=0) / len(labels))
    return sum(shares) / len(shares) if shares else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
