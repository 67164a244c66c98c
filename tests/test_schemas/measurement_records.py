"""What is measured on a data set: confusions and metrics."""

from typing import Annotated, Literal

from pydantic import Field
from record_parts import (
    Count,
    Index,
    Model,
    NamedClass,
    NotNegative,
    Numbers,
    Point,
    Record,
    Sha256,
    Share,
    Surrogate,
    Text,
)

Values = list[float | None]
Percent = Annotated[float, Field(ge=0, le=100)]


class NumberedWeight(NamedClass):
    weight: float


class ConfusingConcept(Record):
    concept: Index
    name: str
    """That somebody gave it, or empty."""
    class_weights: Annotated[list[NumberedWeight], Field(min_length=1)]
    """Classes with a weight other than zero, largest first; below zero only
    with a signed classifier."""
    led: Index
    """Wrong pixels that the concept leads."""
    mended: Index
    """Wrong pixels that would be right without it."""
    broken: Index
    """Right pixels that would be wrong without it."""


class Place(Record):
    image: str
    """Path as the data set gives it."""
    box: Annotated[list[Index], Field(min_length=4, max_length=4)]
    """Pixels x0, y0, x1, y1, the ends excluded."""
    pixels: Count


class Confusion(Record):
    truth: NamedClass
    """The true class."""
    predicted: NamedClass
    """The class that wins."""
    concept: Index | None
    """Null where no concept has a part above zero."""
    pixels: Index
    """Wrong pixels that the concept leads: no other has a larger part in the
    margin. Zero where it only mends."""
    share: Share
    """Of all wrong pixels."""
    images: Index
    """Images that have any of these pixels."""
    mean_part: NotNegative | None
    """The concept's part in the margin, mean over these pixels; null without
    any."""
    mean_margin: float | None
    """Evidence for the predicted class minus that for the true one, mean over
    these pixels; null without any."""
    pair_pixels: Index
    """Pixels of the true class with the predicted one, led by whichever
    concept."""
    pair_mended: Index
    """Of these, right without this concept."""
    places: list[Place]
    """The largest groups of these pixels that touch each other, largest
    first."""


class Confusions(
    Record,
    title='Confusions of a model and the concepts behind them, written by '
    'mmproto confusions',
):
    version: Literal[1]
    mmproto: Text
    """Version of the package."""
    config: str
    checkpoint: str
    sha256: Sha256
    split: Literal['val', 'test', 'train']
    classes: Annotated[list[str], Field(min_length=2)]
    num_images: Index
    """Images that were counted."""
    labelled_pixels: Index
    """Pixels that have a class; void never counts."""
    wrong_pixels: Index
    """Of these, with another predicted class."""
    confusion_matrix: list[list[Index]]
    """Labelled pixels; one row for each true class, one column for each
    predicted one."""
    concepts: list[ConfusingConcept]
    """Those with a weight other than zero."""
    confusions: list[Confusion]
    """By true class, predicted class and concept, most wrong pixels first."""
    notes: list[Text]
    surrogate: Surrogate | None
    """Null unless the model stands in for another one."""


class Curve(Record):
    x: Numbers
    y: Values | Annotated[dict[str, Values], Field(min_length=1)]
    """One line, or several by name; as many values as x."""
    x_label: Text
    y_label: Text


class Histogram(
    Record,
    json_schema_extra=dict(
        oneOf=[dict(required=['edges']), dict(required=['labels'])]
    ),
):
    edges: Numbers = []
    """Of the bins, one more than counts."""
    labels: list[str] = []
    """Of the bins, as many as counts."""
    counts: Numbers | Annotated[dict[str, Numbers], Field(min_length=1)]
    """One line, or several by name."""
    x_label: Text


class MetricReport(Record):
    scalars: dict[
        Annotated[str, Field(pattern='^[a-z][a-z0-9_]*$')], float | None
    ]
    """Null: could not be measured, the notes say why."""
    per_concept: dict[str, list[float | str | bool | None]]
    """One value for each concept; null: not measured."""
    curves: dict[str, Curve]
    histograms: dict[str, Histogram]
    notes: list[Text]


class ExplanationReport(
    Record,
    title='Metrics of the explanations of a model, written by '
    'mmproto evaluate',
):
    version: Literal[1]
    config: str
    checkpoint: str
    sha256: Sha256 = None
    data_set: str
    num_images: Index
    classes: list[str]
    date: Text
    accuracy: dict[str, float | None]
    """Numbers of other metrics, such as mIoU; null for NaN."""
    mmproto: Text
    """Version of the package."""
    metrics: dict[str, MetricReport]
    """By name of the metric."""
    surrogate: Surrogate | None
    """Null unless the model stands in for another one."""


class DeletionCurve(Record):
    area: NotNegative
    """Under the curve, mean over pixels; lower is better."""
    standard_error: NotNegative | None
    """Of the area, over images; null of a single one."""
    curve: list[Share]
    """Mean probability; as many values as shares."""


class Orders(Record):
    cam: DeletionCurve
    """Cells with the largest class activation first."""
    concepts: DeletionCurve
    """Cells with the most evidence of the deciding concepts first."""
    nearest: DeletionCurve
    """Nearest cells first, whatever the model."""
    random: DeletionCurve
    """Cells by chance."""


class AreaGap(Record):
    mean: float
    """Area of the concepts minus that of the class activation map."""
    standard_error: NotNegative | None
    """Over images; null of a single one."""
    share_below: Share
    """Of the pixels at which the concepts' area is smaller."""


class DeletionRegion(Record):
    orders: Orders
    concepts_minus_cam: AreaGap


class DeletionRegions(Record):
    pixel: DeletionRegion
    """Class and probability of one pixel."""
    segment: DeletionRegion
    """Of all pixels of its class that touch each other and it."""


class Areas(Record):
    cam: NotNegative
    concepts: NotNegative
    nearest: NotNegative
    random: NotNegative


class RegionAreas(Record):
    pixel: Areas
    segment: Areas


class DeletionPixel(NamedClass):
    """A random pixel, with the class that the model gives it."""

    image: str
    point: Point
    segment_pixels: Count
    areas: RegionAreas


class CamComparison(
    Record,
    title='Deletion curves of class activation maps and concepts, written by '
    'mmproto compare-cam',
):
    version: Literal[1]
    mmproto: Text
    """Version of the package."""
    model: Model
    """The model that is explained, and that judges."""
    concept_model: Model
    surrogate: Surrogate | None
    """Null unless the concept model was fitted to answers of a model."""
    seed: Index
    num_images: Count
    num_pixels: Count
    cell: Count
    """Pixels along a side of what is deleted at once, about."""
    shares: list[Share]
    """Of the cells that are gone, along each curve."""
    regions: DeletionRegions
    pixels: list[DeletionPixel]


class FittedClass(Record):
    name: str
    agreement: Share | None
    """Share of the black box's pixels of this class that keep it; null if it
    never says it."""
    black_box: Percent | None
    """IoU; null if neither predictions nor labels have the class."""
    concepts: Percent | None


class Difference(Record):
    black_box: str
    """Its class."""
    concepts: str
    """Class of the concept model at the same pixels."""
    share: Share
    """Of all pixels."""


class Accuracies(Record):
    black_box: Percent | None
    """Mean IoU; null without labels."""
    concepts: Percent | None


class FittedConcepts(Record):
    number: Count
    used: Index
    """Those that speak for a class."""
    zeros: Share
    """Exact zeros among the class weights."""


class FitReport(
    Record,
    title='How far a concept model is like the black box that it was fitted '
    'to, written by mmproto fit',
):
    version: Literal[1]
    black_box: Text
    """Name of its config."""
    target: Literal['labels', 'model']
    stages: list[Index]
    """Maps of the backbone that are used."""
    reasons: list[Text]
    """Why these."""
    data_set: Text
    """On which both were compared."""
    images: Count
    agreement: Share
    """Pixels to which both give the same class."""
    min_agreement: Share
    """What the user asks for."""
    commonest_class_agreement: Share
    """Agreement of a model that always says the black box's commonest
    class."""
    miou: Accuracies
    classes: list[FittedClass]
    differences: list[Difference]
    """Pairs of classes with the most pixels in dispute, largest first."""
    least_agreeing_images: dict[str, Share]
    """By path, least agreement first."""
    concepts: FittedConcepts
    iterations: Count
    seconds: dict[str, NotNegative]
    """Time of each step, by its name."""
    cache_bytes: Index
    """Features and labels on the disk."""
