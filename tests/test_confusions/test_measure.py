"""Counts of a data set, against the network itself with a concept less."""

import tracemalloc
from collections import Counter

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.evaluation import IoUMetric
from scipy import ndimage

from mmproto.confusions import (
    Confusions,
    counts,
    measure_confusions,
    use_split,
)
from mmproto.confusions import measure as measure_module
from mmproto.confusions.pixels import NO_CONCEPT
from mmproto.confusions.places import MOST_PLACES
from mmproto.explanations.evidence import EvidenceMaps
from mmproto.models import PrototypeHead
from mmproto.models.facts import ModelFacts

SLIDE = dict(mode='slide', crop_size=(48, 64), stride=(16, 32))
RESIZE = dict(type='Resize', scale=(120, 90), keep_ratio=True)
CONCEPTS = 8


def measure(model, split='val'):
    init_default_scope('mmseg')
    model.cfg, loader = use_split(model.cfg, split)
    loader = Runner.build_dataloader(loader)
    return measure_confusions(ModelFacts.of(model), loader), loader


def predict(model, loader):
    """Truth and prediction (h,w) of every image, by mmseg."""
    found = []
    with torch.no_grad():
        for batch in loader:
            for sample in model.test_step(batch):
                maps = sample.gt_sem_seg.data, sample.pred_sem_seg.data
                found.append([m[0].numpy().astype(int) for m in maps])
    return found


def without(model, loader, concept):
    weight = model.decode_head.conv_seg.weight
    before = weight.detach().clone()
    with torch.no_grad():
        weight[:, concept] = 0
        found = predict(model, loader)
        weight.copy_(before)
    return found


def sizes_of(pixels):
    """Sizes of the groups in which pixels touch each other."""
    mask = np.zeros((64, 96), bool)
    mask[tuple(np.transpose(pixels))] = True
    groups, _ = ndimage.label(mask, np.ones((3, 3)))
    return np.bincount(groups[mask])[1:].tolist()


@pytest.fixture(params=['whole', 'slide', 'resized', 'signed', 'bands'])
def model(request, tiny_model, monkeypatch):
    """The tiny model in different settings, with random class weights."""
    torch.manual_seed(0)
    if request.param == 'bands':  # as of a large image with many concepts
        monkeypatch.setattr(counts, 'BAND', 7 * 1000)
        monkeypatch.setattr(counts, 'BLOCK', 11 * 300)
        monkeypatch.setattr(measure_module, 'AT_ONCE', 3)
    if request.param == 'slide':
        tiny_model.test_cfg = ConfigDict(SLIDE)
    if request.param == 'resized':
        # before LoadAnnotations: labels keep the size of their file
        pipeline = tiny_model.cfg.val_dataloader.dataset.pipeline
        pipeline.insert(1, ConfigDict(RESIZE))
    if request.param == 'signed':
        tiny_model.decode_head = PrototypeHead(
            16,
            16,
            num_classes=4,
            num_concepts=CONCEPTS,
            prototype_layer=dict(type='mmproto.CosinePrototypes'),
            classifier=dict(type='mmproto.ClassSpecificConv2d'),
            link='softmax',
        ).eval()
    weight = tiny_model.decode_head.conv_seg.weight
    with torch.no_grad():
        weight.uniform_(-0.5, 1)
        weight[:, 3] = 0  # not in use
    return tiny_model


def test_counts_are_those_of_the_network(model):
    found, loader = measure(model)
    images = predict(model, loader)
    known = [truth != 255 for truth, _ in images]
    expected = Counter(
        (int(t), int(p))
        for (truth, predicted), inside in zip(images, known)
        for t, p in zip(truth[inside], predicted[inside])
    )
    assert {k: n for k, n in np.ndenumerate(found.matrix) if n} == expected
    wrong = {key: n for key, n in expected.items() if key[0] != key[1]}
    assert found.wrong == sum(wrong.values()) and len(wrong) > 3
    assert found.images == 3
    led = Counter()
    for (t, p, _), row in found.table.items():
        led[t, p] += row.pixels
    assert +led == wrong

    assert 3 not in found.concepts and len(found.concepts) > 4
    broken, mended = Counter(), Counter()
    for concept in range(CONCEPTS):
        after = without(model, loader, concept)
        for (truth, old), (_, new), inside in zip(images, after, known):
            maps = (m[inside].tolist() for m in (truth, old, new))
            for (t, p, n), number in Counter(zip(*maps)).items():
                broken[concept] += number * (t == p != n)
                mended[t, p, concept] += number * (p != t == n)
    assert +found.broken == +broken and sum(broken.values()) > 20
    rows = {key: row.mended for key, row in found.table.items() if row.mended}
    assert rows == +mended and sum(mended.values()) > 20


@pytest.mark.parametrize(
    'model', ['resized', 'signed', 'bands'], indirect=True
)
def test_leads_and_places_are_those_of_single_pixels(model):
    found, loader = measure(model)
    weights = model.decode_head.class_weights.detach().double().numpy()
    pixels, parts, margins = Counter(), Counter(), Counter()
    images = {}
    samples = [s for batch in loader for s in batch['data_samples']]
    for sample, (truth, predicted) in zip(samples, predict(model, loader)):
        maps = EvidenceMaps(ModelFacts.of(model), sample.img_path)
        activations = maps.activations(range(CONCEPTS)).double().numpy()
        logits = maps.logits.double().numpy()
        for y, x in zip(*np.nonzero((truth != predicted) & (truth != 255))):
            t, p = int(truth[y, x]), int(predicted[y, x])
            own = (weights[p] - weights[t]) * activations[:, y, x]
            lead = logits[p, y, x] - logits[t, y, x]
            assert own.sum() == pytest.approx(lead, abs=1e-4)
            concept = int(own.argmax()) if own.max() > 0 else NO_CONCEPT
            key = t, p, concept
            pixels[key] += 1
            parts[key] += own.max()
            margins[key] += lead
            where = images.setdefault(key, {}).setdefault(sample.img_path, [])
            where.append((int(y), int(x)))
    rows = {key: row for key, row in found.table.items() if row.pixels}
    assert {key: row.pixels for key, row in rows.items()} == pixels
    for key, row in rows.items():
        assert row.part == pytest.approx(parts[key], rel=1e-4)
        assert row.margin == pytest.approx(margins[key], rel=1e-3, abs=1e-3)
        assert row.images == len(images[key])
        sizes = [n for p in images[key].values() for n in sizes_of(p)]
        largest = sorted(sizes, reverse=True)[:MOST_PLACES]
        assert [place.pixels for place in row.places] == largest
        for place in row.places:
            x0, y0, _, _ = place.box
            for y, x in zip(*np.nonzero(place.mask)):
                assert (y0 + y, x0 + x) in images[key][place.image]
            assert place.pixels == place.mask.sum()


def test_memory_is_that_of_a_band(monkeypatch):
    # 100 concepts at 30,000 pixels: 12 MB at once, 24 in double precision
    monkeypatch.setattr(counts, 'BAND', 1 << 20)
    monkeypatch.setattr(counts, 'BLOCK', 1 << 16)
    rng = np.random.default_rng(0)
    pixels, size = np.arange(30_000), (150, 200)
    logits = rng.random((4, len(pixels)), dtype=np.float32)
    found = Confusions(rng.random((4, 100)))
    tracemalloc.start()
    found.add(
        'image.png',
        size,
        pixels,
        (logits.argmax(axis=0) + 1) % 4,  # all wrong
        logits,
        lambda some: rng.random((100, len(some)), dtype=np.float32),
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.wrong == len(pixels)
    assert peak < 11e6


def test_totals_are_those_of_the_iou(model):
    found, loader = measure(model)
    sums = [0, 0, 0]
    for truth, predicted in predict(model, loader):
        areas = IoUMetric.intersect_and_union(
            torch.from_numpy(predicted), torch.from_numpy(truth), 4, 255
        )
        for index, area in enumerate((areas[0], areas[2], areas[3])):
            sums[index] = sums[index] + area.numpy()
    assert sums[0].tolist() == found.matrix.diagonal().tolist()
    assert sums[1].tolist() == found.matrix.sum(axis=0).tolist()
    assert sums[2].tolist() == found.matrix.sum(axis=1).tolist()


def test_a_planted_confusion_is_found(planted):
    found, _ = measure(planted)
    rows = {key: row for key, row in found.table.items() if row.pixels}
    assert list(rows) == [(0, 1, 4)]  # road, wall, paint
    row = rows[0, 1, 4]
    assert row.pixels == 120 - 5 + 150 - 5 + 2 == found.wrong
    assert row.mended == row.pixels and row.images == 2
    # what paint does for walls; no other concept is replaced by it
    assert found.broken[4] == 2 * 7
    # paint gives wall 1.0, road 0.4
    assert row.part / row.pixels == pytest.approx(0.6, abs=0.01)
    assert [(p.pixels, p.box) for p in row.places] == [
        (145, (10, 40, 40, 45)),
        (115, (10, 40, 40, 44)),
        (1, (3, 62, 4, 63)),
        (1, (3, 62, 4, 63)),
    ]
    assert not row.places[0].mask[0, :5].any()  # void
    assert row.places[0].mask[1:].all()


def test_pixels_without_evidence_are_led_by_nobody(tiny_model):
    torch.nn.init.constant_(tiny_model.decode_head.conv_seg.weight, -1.0)
    found, _ = measure(tiny_model)
    assert found.concepts == [] and found.wrong > 0
    assert {key[1:] for key in found.table} == {(0, NO_CONCEPT)}
    assert sum(row.pixels for row in found.table.values()) == found.wrong


def test_the_ignored_class_never_counts(planted):
    planted.decode_head.ignore_index = 0
    found, _ = measure(planted)
    assert found.wrong == 0 and found.matrix[0].sum() == 0
    assert found.matrix[2, 2] == found.matrix[2].sum() == 2 * 200


def test_training_images_come_once_and_as_they_are(tiny_model):
    found, loader = measure(tiny_model, 'train')
    assert found.images == len(loader.dataset) == 6
    truth, predicted = map(np.concatenate, zip(*predict(tiny_model, loader)))
    right = (truth == predicted).sum()
    assert found.matrix.trace() == right


def test_what_cannot_be_counted(tiny_model):
    cfg = tiny_model.cfg
    with pytest.raises(ValueError, match="one of .*'val'.* got 'dev'"):
        use_split(cfg, 'dev')
    data = cfg.val_dataloader.dataset
    load, annotate, pack = data.pipeline
    data.pipeline = [load, pack]
    with pytest.raises(ValueError, match='has none; add LoadAnnotations'):
        measure(tiny_model)
    data.pipeline = [load, annotate, ConfigDict(RESIZE), pack]
    tiny_model.cfg = cfg
    with pytest.raises(ValueError, match='has to come after'):
        measure(tiny_model)
    with pytest.raises(ValueError, match='data is empty'):
        measure_confusions(ModelFacts.of(tiny_model), [])
    cfg.pop('test_dataloader')
    with pytest.raises(ValueError, match='no test_dataloader'):
        use_split(cfg, 'test')
    tiny_model.decode_head.num_classes = 1
    with pytest.raises(ValueError, match='one class'):
        measure_confusions(ModelFacts.of(tiny_model), [])


def test_data_sets_have_to_agree(tiny_config):
    one = tiny_config.val_dataloader.dataset
    other = ConfigDict(one, pipeline=[*one.pipeline[:1], RESIZE])
    both = dict(type='ConcatDataset', datasets=[one, other])
    tiny_config.val_dataloader.dataset = ConfigDict(both)
    with pytest.raises(ValueError, match='different pipelines'):
        use_split(tiny_config, 'val')
    both['datasets'][1] = one
    tiny_config.val_dataloader.dataset = ConfigDict(both)
    cfg, _ = use_split(tiny_config, 'val')
    assert cfg.test_pipeline == one.pipeline
