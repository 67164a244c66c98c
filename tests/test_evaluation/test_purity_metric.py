"""The metric of purity on planted readings."""

import json
from functools import reduce
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from mmproto.evaluation.part_metric import NO_PARTS
from mmproto.evaluation.parts import PartLabels
from mmproto.evaluation.purity_metric import (
    NO_LABELS,
    NO_PART_FILES,
    PurityMetric,
)

CLASSES = ['road', 'car', 'person']
PARTS = ('none', 'car/wheel', 'car/window', 'person/head', 'person/leg')
CLASS_OF_PART = torch.tensor([0, 1, 1, 2, 2])
STRIDE, ROWS, COLUMNS = 4, 6, 9


class Reading(SimpleNamespace):
    """Cells of 4x4 pixels that each show one part."""

    def parts(self, loader):
        if self.cell_parts is None:
            return None
        pixels = self.cell_parts.repeat_interleave(STRIDE, 0)
        pixels = pixels.repeat_interleave(STRIDE, 1)
        # every cell is an object of its own
        numbers = torch.arange(ROWS * COLUMNS).view(ROWS, COLUMNS)
        numbers = numbers.repeat_interleave(STRIDE, 0)
        return PartLabels(pixels, numbers.repeat_interleave(STRIDE, 1))

    cell_grid = (
        torch.arange(ROWS * STRIDE) // STRIDE,
        torch.arange(COLUMNS * STRIDE) // STRIDE,
    )


def read(index, kind, labelled=True):
    """One image; concepts are parts, classes or noise."""
    generator = torch.Generator().manual_seed(index)
    # every part is the first of its class in some images
    parts = torch.randint(0, 5, (ROWS, COLUMNS), generator=generator)
    labels = CLASS_OF_PART[parts]
    code = torch.randint(0, 5, (ROWS, COLUMNS), generator=generator)
    maps = {
        'parts': F.one_hot(parts, 5),
        'classes': F.one_hot(labels, 3),
        'noise': F.one_hot(code, 5),
    }[kind]
    maps = maps.permute(2, 0, 1).float()
    # without ties; those of the other images would decide
    maps = maps * (0.8 + 0.2 * torch.rand(maps.shape, generator=generator))
    return Reading(
        index=index,
        activations=maps,
        class_weights=torch.ones(3, len(maps)),
        labels=labels if labelled else torch.full_like(labels, 255),
        cell_parts=parts,
    )


def metric(with_parts=True, **arguments):
    made = PurityMetric(**{'patch_size': STRIDE, **arguments})
    loader = SimpleNamespace(part_names=PARTS) if with_parts else None
    made.recorder = SimpleNamespace(part_loader=lambda config: loader)
    return made


def report(made, readings):
    head = SimpleNamespace(class_weights=readings[0].class_weights)
    made.recorder.facts = SimpleNamespace(head=head, classes=CLASSES)
    states = [made.measure(reading) for reading in readings]
    return made.summarize(reduce(made.merge, states))


def purity(kind, **arguments):
    readings = [read(index, kind) for index in range(30)]
    return report(metric(**arguments), readings)


def test_parts_are_purer_than_classes_than_noise():
    parts, classes, noise = (
        purity(kind)['scalars'] for kind in ('parts', 'classes', 'noise')
    )
    # the concept of no part has nothing under its patches
    assert parts['part_purity'] == pytest.approx(4 / 5)
    assert parts['class_purity'] == classes['class_purity'] == 1
    assert parts['class_entropy'] == classes['class_entropy'] == 0
    assert noise['class_purity'] < 0.8
    assert noise['class_entropy_normalised'] > 0.5
    names = ('part_purity', 'part_purity_centre', 'pipnet_part_purity')
    for name in names:
        assert parts[name] > classes[name], name
        assert parts[name] > noise[name], name
    assert classes['part_purity_centre'] < 0.8 * parts['part_purity_centre']
    # every part is under about a quarter of all labelled pixels
    assert parts['part_chance'] == pytest.approx(0.25, abs=0.03)
    assert parts['class_chance'] == pytest.approx(0.4, abs=0.03)


def test_names_and_numbers_of_each_concept():
    found = purity('parts', topk=3)
    concepts = found['per_concept']
    assert concepts['part'] == [None, *PARTS[1:]]
    assert concepts['class'] == [CLASSES[c] for c in CLASS_OF_PART.tolist()]
    assert concepts['part_purity'] == [0, 1, 1, 1, 1]
    counts = found['histograms']['purity']['counts']
    assert counts['part_purity'] == [1, *[0] * 8, 4]
    assert found['notes'] == []
    json.dumps(found)


def test_published_rule_favours_what_is_rarely_visible():
    """A concept of no part; one image shows a leg, at its patch."""
    readings = [read(index, 'parts') for index in range(4)]
    for reading in readings:
        reading.cell_parts = torch.zeros(ROWS, COLUMNS, dtype=torch.int64)
        reading.activations = torch.rand(1, ROWS, COLUMNS)
        reading.class_weights = torch.ones(3, 1)
    best = readings[2].activations[0] == readings[2].activations.max()
    readings[2].cell_parts[best] = 4
    scalars = report(metric(), readings)['scalars']
    assert scalars['pipnet_part_purity'] == 1
    assert scalars['pipnet_part_related'] == 1
    assert scalars['part_purity'] == scalars['part_purity_centre'] == 0.25


def test_silent_concepts_are_counted_and_not_averaged():
    readings = [read(index, 'parts') for index in range(6)]
    for reading in readings:
        reading.activations[0] = 0.0
        reading.activations[1] *= 0.05
        if reading.index != 4:
            reading.activations[2] = 0.0
        reading.class_weights[:, 3] = 0
    found = report(metric(topk=5), readings)
    assert found['scalars']['inactive'] == 2
    assert found['scalars']['few_patches'] == 1
    assert found['per_concept']['patches'] == [0, 0, 1, 5, 5]
    assert found['per_concept']['part_purity'] == [None, None, 1, 1, 1]
    assert found['scalars']['part_purity'] == 1
    # concept 3 is not used, and gets an impure patch
    readings[0].activations[3] = 0
    readings[0].activations[3][readings[0].cell_parts == 0] = 1
    found = report(metric(), readings)
    assert found['scalars']['part_purity'] == pytest.approx(
        (1 + 5 / 6 + 1) / 3
    )
    assert found['scalars']['part_purity_used'] == 1


def test_images_that_do_not_show_a_concept_give_no_patch():
    """A perfect part that two of six images show is pure."""
    readings = [read(index, 'parts') for index in range(6)]
    for reading in readings[2:]:
        reading.activations[1] *= 0.05
    found = report(metric(), readings)
    assert found['per_concept']['part_purity'][1] == 1
    assert found['per_concept']['class_purity'][1] == 1
    assert found['per_concept']['pipnet_part_purity'][1] == 1
    assert found['per_concept']['patches'] == [6, 2, 6, 6, 6]


def test_without_part_labels_classes_are_measured():
    readings = [read(index, 'classes') for index in range(3)]
    found = report(metric(with_parts=False), readings)
    assert found['scalars']['class_purity'] == 1
    assert found['scalars']['part_purity'] is None
    assert found['scalars']['pipnet_part_related'] is None
    assert found['scalars']['part_chance'] is None
    assert found['notes'] == [NO_PARTS]
    json.dumps(found)


def test_images_without_files_of_parts_do_not_count():
    readings = [read(index, 'parts') for index in range(6)]
    for reading in readings[:4]:
        reading.cell_parts = None
    scalars = report(metric(), readings)['scalars']
    assert scalars['part_purity_used'] == pytest.approx(4 / 5)
    assert scalars['pipnet_part_purity'] == pytest.approx(4 / 5)
    found = report(metric(), readings[:4])
    assert found['scalars']['part_purity'] is None
    assert found['notes'] == [NO_PART_FILES]


def test_without_ground_truth_parts_are_measured():
    readings = [read(index, 'parts', labelled=False) for index in range(3)]
    found = report(metric(), readings)
    assert found['scalars']['class_purity'] is None
    assert found['scalars']['class_chance'] is None
    assert found['scalars']['part_purity'] == pytest.approx(4 / 5)
    assert found['notes'] == [NO_LABELS]


@pytest.mark.parametrize('ranks', [2, 3, 7])
def test_any_number_of_ranks_gives_the_same(ranks):
    made = metric(topk=4)
    readings = [read(index, 'noise') for index in range(9)]
    for reading in readings:  # ties everywhere
        reading.activations = reading.activations.ceil()
    shares = []
    for rank in range(ranks):
        states = map(made.measure, readings[rank::ranks])
        shares.append(reduce(made.merge, states))
    expected = report(made, readings)  # and gives the metric its facts
    assert made.summarize(reduce(made.merge, shares)) == expected


@pytest.mark.parametrize('name', ['topk', 'patch_size'])
def test_numbers_below_one_are_refused(name):
    with pytest.raises(ValueError, match=f'{name} must be at least 1'):
        PurityMetric(**{name: 0})
