"""What several of the records have in common."""

from typing import Annotated, Literal

import pydantic
from pydantic import Field

Text = Annotated[str, Field(min_length=1)]
Index = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Coverage = Annotated[float, Field(gt=0, le=1)]
Size = Annotated[
    list[Count],
    Field(min_length=2, max_length=2, description='Rows and columns.'),
]
Sha256 = Annotated[
    str | None,
    Field(
        description='Of the checkpoint; null if unknown, or if the '
        'checkpoint is on another machine.'
    ),
]
ConceptName = Annotated[
    Text | None,
    Field(description='That people gave to the concept; null if nobody did.'),
]
Numbered = dict[Annotated[str, Field(pattern='^[0-9]+$')], Share]
Numbers = list[float]


class Record(
    pydantic.BaseModel, extra='forbid', use_attribute_docstrings=True
):
    # No docstring: it would become the description of every record.
    pass


class Model(Record):
    """Where the model comes from."""

    config: str
    checkpoint: str
    sha256: Sha256


class Surrogate(Record):
    """How far the model is like the one that it was fitted to and stands in
    for: the model itself."""

    sentence: Text
    """The same in words."""
    target: Literal['model']
    """What it was fitted to: the answers of the model itself."""
    black_box: Text | None
    """Name of the config of the model itself; null if unknown."""
    agreement: Share | None
    """Share of pixels to which both give the same class; null if it was not
    measured."""
    min_agreement: Share | None
    """Below it, explanations may not be the reasons of the model itself; null
    if unknown."""
    images: Count | None
    """Number of images that it was measured on; null if unknown."""
    data_set: Text | None
    """Their data set; null if unknown."""
    switched_off: Index
    """Concepts that are switched off, which was done after it was measured."""
    reweighted: Index
    """Concepts whose class weights were edited after it was measured."""


class Point(Record):
    x: Index
    """Column."""
    y: Index
    """Row."""


class NamedClass(Record):
    class_: Index = Field(alias='class')
    name: str


class ClassEvidence(NamedClass):
    evidence: float
    probability: Annotated[float, Field(ge=0, le=1.000001)]


class ClassWeight(Record):
    name: str
    weight: float


ClassWeights = Annotated[
    list[ClassWeight],
    Field(
        description='Classes with a weight other than zero, largest weight '
        'first; below zero only with a signed classifier.'
    ),
]


class Patch(Record):
    """A training patch."""

    prototype: Index
    image: str
    """Path as the data set gave it."""
    found: bool
    """Whether the image is still there."""
    scale: Index
    """Index of the scale."""
    dilation: Count | None
    """Dilation rate of the scale, if known."""
    row: Index
    col: Index
    similarity: float
    label: Index
    """Ground truth under the centre of the cell, 255 where void."""
    feature_size: Size
    image_size: Size
    box: Annotated[Numbers, Field(min_length=4, max_length=4)]
    """Pixels x0, y0, x1, y1 under the shared kernel."""
