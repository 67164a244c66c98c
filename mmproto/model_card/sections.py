"""The sections of a card, one function each."""

from mmproto.utils.markdown import escape, listed, number, table
from mmproto.version import __version__

from .blocks import make_block
from .explanations import HEADLINES
from .facts import CardFacts, data_set_name

LOW_IOU = 20.0  # percent; below it a class counts as not learned
MEASURE = (
    'python tools/analysis_tools/evaluate_explanations.py CONFIG CHECKPOINT'
)


def title(facts: CardFacts) -> str:
    """What it is, in a paragraph."""
    return (
        f'# {escape(facts.name)}\n\n'
        f'Semantic segmentation that explains itself: {len(facts.classes)} '
        f'classes by {facts.num_concepts} concepts, whose contributions to '
        'the evidence of a class add up exactly. Made with mmproto '
        f'{__version__}.\n\n'
        f'Weights: `{facts.checkpoint}`, SHA-256 `{facts.sha256}`.\n\n'
        + make_block('summary', 'Say here what is special about this model.')
    )


def data(facts: CardFacts) -> str:
    """What it was trained and measured on."""
    report = facts.report
    return (
        '## Data\n\n'
        f'* Trained on: {listed(facts.training_data)}\n'
        f'* Measured on: {escape(data_set_name(report["data_set"]))}, '
        f'{report["num_images"]} images, on {report["date"]}\n'
        f'* Classes: {listed(facts.classes)}\n\n'
        + make_block('data', 'Say here where the data is from.')
    )


def intended_use(facts: CardFacts) -> str:
    """What it is for; that is for people to say."""
    return (
        '## Intended use\n\n'
        f'Images like those of {listed(facts.training_data)}, and questions '
        'about why a pixel got its class: `tools/explain.py`.\n\n'
        + make_block(
            'intended-use',
            'Say here who may use the model for what, and what for it must '
            'not be used.',
        )
    )


def accuracy(facts: CardFacts) -> str:
    """IoU of all classes."""
    numbers = facts.report['accuracy']
    rows = [
        (f'**{key}**', number(numbers[key], 2))
        for key in ('mIoU', 'mAcc', 'aAcc')
        if key in numbers
    ]
    classes = [
        (escape(name), number(value, 2))
        for name, value in facts.class_iou.items()
    ]
    text = f'## Accuracy\n\n{table(("IoU", "%"), rows + classes)}'
    if not classes:
        text += (
            '\n\nThe report has no IoU of single classes; measure it with\n\n'
            f'    {MEASURE}'
        )
    return text


def limits(facts: CardFacts) -> str:
    """What is known to be wrong, and what is not known."""
    low = [
        f'{name} ({value:.2f} %)'
        for name, value in facts.class_iou.items()
        if value is not None and value < LOW_IOU
    ]
    missing = [
        words
        for metric, key, words in HEADLINES
        if facts.scalar(metric, key) is None
    ]
    points = ['Nothing is known about images of other sources than the above.']
    if low:
        points.append(f'Classes it hardly finds: {listed(low)}.')
    if missing:
        points.append(f'Not measured: {"; ".join(missing)}.')
    if facts.projection is None:
        points.append('Prototypes were not traced to training patches.')
    points.append(
        'Patches show where a concept is most active; that they have '
        'something in common is for the reader to judge.'
    )
    bullets = '\n'.join(f'* {point}' for point in points)
    block = make_block('limits', 'Say here what else has been found.')
    return f'## Limits\n\n{bullets}\n\n{block}'
