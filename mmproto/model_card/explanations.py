"""The section on metrics of explanations."""

from mmproto.utils.markdown import escape, number, table

from .facts import CardFacts

# Metric and number of the report, and what it is in words.
HEADLINES = (
    (
        'FaithfulnessMetric',
        'completeness_error_max',
        'largest relative gap between contributions and evidence',
    ),
    ('ExplanationSizeMetric', 'global_size', 'concepts that have a weight'),
    (
        'ExplanationSizeMetric',
        'local_size_needed',
        'concepts a decision, for 95 % of its evidence',
    ),
    (
        'ExplanationSizeMetric',
        'zero_weights',
        'share of exact zeros in the classifier',
    ),
    (
        'PurityMetric',
        'class_purity_used',
        'class purity of the strongest patches of concepts in use',
    ),
    (
        'PurityMetric',
        'part_purity_used',
        'part purity of the strongest patches of concepts in use',
    ),
    (
        'ConsistencyMetric',
        'consistency_corrected',
        'concepts that mean the same part on every object',
    ),
    (
        'StabilityMetric',
        'most_active_kept',
        'most active concept of a cell kept under noise',
    ),
    (
        'ScaleIndependenceMetric',
        'top_concept_kappa_half',
        'top concept kept at half size, beyond chance',
    ),
    (
        'ScaleIndependenceMetric',
        'top_concept_kappa_double',
        'top concept kept at double size, beyond chance',
    ),
    (
        'BoundarySharpnessMetric',
        'sharpness',
        'sharpness of concept maps at boundaries',
    ),
    ('DiversityMetric', 'duplicates', 'duplicate concepts'),
    ('DiversityMetric', 'dead', 'dead concepts'),
    (
        'OODMetric on unknown objects',
        'similarity_auroc',
        'unknown objects found by concept similarity, AUROC',
    ),
)


def explanations(facts: CardFacts) -> str:
    """Metrics of explanations, and their notes."""
    rows = [
        (words, number(facts.scalar(metric, key)), f'`{metric}.{key}`')
        for metric, key, words in HEADLINES
    ]
    notes = [
        f'* {metric}: {escape(note)}'
        for metric, group in sorted(facts.report['metrics'].items())
        for note in group.get('notes', [])
    ]
    return '\n\n'.join(
        [
            '## Explanations',
            table(('what', 'value', 'number of the report'), rows),
            'A dash stands for what was not measured; `docs/metrics.md` of '
            'mmproto says what the numbers mean and when they mislead.',
            *(['\n'.join(notes)] if notes else []),
        ]
    )
