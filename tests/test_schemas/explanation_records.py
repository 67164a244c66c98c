"""What a model says about a pixel, a sequence and its concepts."""

from typing import Annotated, Literal

from pydantic import Field
from record_parts import (
    ClassEvidence,
    ClassWeights,
    ConceptName,
    Count,
    Coverage,
    Index,
    Model,
    NamedClass,
    NotNegative,
    Numbered,
    Patch,
    Point,
    Positive,
    Record,
    Share,
    Size,
    Surrogate,
    Text,
)

REPEATABLE = (
    'The same {} give the same bytes again on the same machine, with the same '
    'libraries and number of threads. Otherwise torch adds in another order: '
    'numbers differ by the rounding of single precision, and are not rounded '
    'here to hide it.'
)


class Contribution(Record):
    concept: Index
    name: ConceptName
    activation: float
    """Largest of the scales in a cell, resized to the point as the evidence
    is."""
    predicted: float
    """Contribution to the predicted class: weight times activation. Below
    zero only with a signed classifier."""
    runner_up: float | None
    """Contribution to the runner-up class."""


class ExplainedConcept(Contribution):
    scale: Index
    """Index of the scale at which the concept is most active at the explained
    point; the scales of its training patches are theirs."""
    dilation: Count | None
    """Dilation rate of the scale, if known."""
    class_weights: ClassWeights
    patches: list[Patch]


class ExplainingSurrogate(Surrogate):
    model: NamedClass | None
    """What the model itself says at the point; null if it is not in the
    checkpoint."""
    agrees: bool | None
    """Whether that is the predicted class; null if unknown."""


class Explanation(
    Record,
    title='Explanation of one point of one image, written by mmproto.explain',
):
    __doc__ = (
        REPEATABLE.format('weights and image')
        + ' Version 2 has the names of concepts.'
    )

    version: Literal[2]
    model: Model | None
    """Null if unknown."""
    image: str | None
    """Path; null if pixels were given."""
    image_size: Size
    point: Point
    sentence: Text
    predicted: ClassEvidence
    runner_up: ClassEvidence | None
    """Class with the second most evidence."""
    classes: Annotated[list[ClassEvidence], Field(min_length=1)]
    completeness_error: NotNegative
    """Largest gap between the sum of contributions and the evidence of a
    class, over the largest evidence."""
    contributions: list[Contribution]
    """All concepts that speak for the predicted class or the runner-up,
    largest for the predicted first."""
    coverage: Coverage
    """Share of the winning evidence that the concepts below explain."""
    concepts: list[ExplainedConcept]
    """The fewest concepts that do, largest first."""
    notes: list[str]
    surrogate: ExplainingSurrogate | None
    """Null unless the model stands in for another one."""


class ListedConcept(Record):
    concept: Index
    name: ConceptName
    disabled: bool
    """Whether somebody switched it off."""
    class_weights: ClassWeights
    mean_activation: float
    """Over all cells."""
    top_share: Share
    """Share of cells where no other concept contributes more to the predicted
    class."""
    purity: Coverage | None
    """Share of the most frequent label among the labels of the patches, void
    left out; null if none has a label."""
    label: NamedClass | None
    """The most frequent label, the lowest number on ties; null if no patch
    has a label."""
    patches: list[Patch]
    """Training patches: the nearest of each prototype first, then the second
    ones, and so on."""


class Concepts(
    Record,
    title='Concepts of a model, written by mmproto concepts',
):
    __doc__ = (
        REPEATABLE.format('weights and data')
        + ' Before version 1 the file was a bare list.'
    )

    version: Literal[1]
    model: Model | None
    """Null if unknown."""
    classes: Annotated[list[str], Field(min_length=1)]
    """Names, in the order of their numbers."""
    num_concepts: Count
    sparsity: Share
    """Share of the class weights that are exactly zero."""
    decision_size: NotNegative
    """Mean number of concepts that 95 % of the winning evidence of a cell
    takes, the largest first."""
    num_cells: Count | None
    """Cells of the feature maps that were measured; null if unknown."""
    num_images: Count | None
    """Images that they are of; null if unknown."""
    concepts: Annotated[list[ListedConcept], Field(min_length=1)]
    """All concepts, the most used first."""
    surrogate: Surrogate | None
    """Null unless the model stands in for another one."""


class Decision(ClassEvidence):
    probability: Share


class Frame(Record):
    """A line of the file of frames."""

    frame: Index
    """Number of the frame, from 0."""
    time: NotNegative
    """Second at which the frame begins, after the first one."""
    classes: Numbered
    """Share of the pixels by number of the predicted class, in 7 decimals;
    other classes have no pixel."""
    concepts: Numbered
    """Share of the winning evidence by number of the concept, in 7 decimals:
    the fewest concepts that reach the coverage, largest first. Empty where
    there is no evidence."""
    other: Share
    """Share of all other concepts: with those listed the sum is 1, or 0 where
    there is no evidence."""
    predicted: Decision = None
    """At the point, if there is one."""
    runner_up: Decision | None = None
    """At the point; null if there is a single class."""
    black_box: NamedClass = None
    """What the model itself says at the point, if this one is a surrogate."""
    agreement: Share = None
    """Share of the pixels of the frame to which both give the same class, if
    this model is a surrogate."""


class SequenceConcept(Record):
    concept: Index
    name: str | None
    """That people gave it."""
    class_weights: ClassWeights
    share: Share
    """Mean over the frames of its share in the winning evidence."""


class SequenceSurrogate(Surrogate):
    here: Share | None
    """Share of the pixels of the sequence to which both give the same class;
    null if the model itself is not in the checkpoint."""


class Sequence(
    Record,
    title='Explanation of a sequence of frames, written by mmproto explain '
    '--video; $defs/frame is a line of the file beside it',
):
    version: Literal[2]
    model: Model | None
    """Null if unknown."""
    video: str
    """Path of the video or folder."""
    frames: str
    """Name of the file beside this one with a JSON line for every frame, each
    as $defs/frame says."""
    num_frames: Count
    seconds: Positive
    """From the first frame to the end of the last one."""
    fps: Positive
    """Frames per second; the mean where frames come unevenly."""
    frame_size: Size
    point: Point | None
    """The only pixel that is explained; null if all are."""
    coverage: Coverage
    """Share of the winning evidence that the concepts listed for a frame
    have."""
    classes: Annotated[list[str], Field(min_length=1)]
    class_shares: list[Share]
    """Share of the pixels by predicted class, in the order of classes; mean
    over the frames."""
    concepts: list[SequenceConcept]
    """Concepts with any evidence, the largest share over the sequence
    first."""
    surrogate: SequenceSurrogate | None
    """Null unless the model stands in for another one."""
