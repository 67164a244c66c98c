"""What metrics read is what the model computed, in every mode."""

import gc
import weakref

import pytest
import torch
import torch.nn.functional as F
from mmengine.runner import Runner

from mmproto.evaluation.recorder import ConceptRecorder

SLIDE = dict(mode='slide', crop_size=(48, 64), stride=(32, 40))


def loader(config, batch_size=2, scale=None):
    cfg = config.test_dataloader.copy()
    cfg.batch_size = batch_size
    if scale is not None:
        resize = dict(type='Resize', scale=scale, keep_ratio=False)
        cfg.dataset.pipeline.insert(1, resize)
    return Runner.build_dataloader(cfg)


@torch.no_grad()
def readings(model, config, **options):
    """Readings of all test images."""
    recorder = ConceptRecorder(model, model.dataset_meta)
    recorder.start()
    found = []
    for batch in loader(config, **options):
        samples = [sample.to_dict() for sample in model.test_step(batch)]
        readings = recorder.read(batch, samples)
        readings[0].replayed_logits()  # passes through mmseg once more
        assert recorder.read(batch, samples) == readings  # the next metric
        found += readings
    recorder.stop()
    return found


def resize(maps, size):
    return F.interpolate(maps[None], size, mode='bilinear')[0]


@torch.no_grad()
def network(model, reading, size=(64, 96)):
    """The network on one image, step by step: latents, activations."""
    import cv2

    image = cv2.imread(reading.path)[..., ::-1].copy()
    x = torch.from_numpy(image).permute(2, 0, 1).float()
    mean = torch.tensor([123.675, 116.28, 103.53])[:, None, None]
    std = torch.tensor([58.395, 57.12, 57.375])[:, None, None]
    maps = model.extract_feat(((x - mean) / std)[None])
    return maps, model.decode_head.activations(maps, per_scale=True)


def test_concepts_are_those_of_the_network(tiny_model, tiny_config):
    found = readings(tiny_model, tiny_config)
    assert [reading.index for reading in found] == [0, 1, 2]
    for reading in found:
        maps, (pooled, scales, _) = network(tiny_model, reading)
        torch.testing.assert_close(reading.activations, pooled[0])
        assert torch.equal(reading.scales, scales[0])
        evidence = tiny_model.decode_head(maps)[0]
        torch.testing.assert_close(reading.evidence, evidence)
        torch.testing.assert_close(
            reading.logits, resize(evidence, reading.logits.shape[1:])
        )
        latents = tiny_model.decode_head.stack_scales(maps)
        layer = tiny_model.decode_head.prototype_layer
        nearest = layer.similarity(latents)[0].flatten(0, 1).amax(dim=0)
        torch.testing.assert_close(reading.similarity(), nearest)


@pytest.mark.parametrize('mode', ['whole', 'slide', 'padded', 'resized'])
def test_contributions_replayed_are_the_logits(tiny_model, tiny_config, mode):
    options = {}
    if mode == 'slide':
        tiny_model.test_cfg.update(SLIDE)
    elif mode == 'padded':
        tiny_model.data_preprocessor.test_cfg = dict(size_divisor=80)
    elif mode == 'resized':
        options['scale'] = (120, 80)
    found = readings(tiny_model, tiny_config, **options)
    for reading in found:
        replayed = reading.replayed_logits()
        assert replayed.shape == (4, 64, 96)
        torch.testing.assert_close(replayed, reading.logits)
    with torch.no_grad():
        tiny_model.decode_head.conv_seg.weight[1] += 1
    first = readings(tiny_model, tiny_config, **options)[0]
    assert not torch.allclose(first.logits, found[0].logits)


def test_evidence_that_is_no_contribution_shows(
    tiny_model, tiny_config, monkeypatch
):
    head = tiny_model.decode_head
    forward = type(head).forward
    monkeypatch.setattr(type(head), 'forward', lambda s, x: forward(s, x) + 1)
    reading = readings(tiny_model, tiny_config)[0]
    error = reading.logits - reading.replayed_logits()
    torch.testing.assert_close(error, torch.ones_like(error))


def test_padding_is_cut_off(tiny_model, tiny_config):
    whole = readings(tiny_model, tiny_config)[0]
    tiny_model.data_preprocessor.test_cfg = dict(size_divisor=80)
    padded = readings(tiny_model, tiny_config)[0]  # 80 x 160, stride 8
    assert whole.activations.shape == padded.activations.shape == (8, 8, 12)
    assert torch.equal(whole.labels, padded.labels)


def test_labels_lie_at_the_centres(tiny_model, tiny_config):
    reading = readings(tiny_model, tiny_config)[0]
    rows, columns = torch.meshgrid(
        torch.arange(8), torch.arange(12), indexing='ij'
    )
    expected = reading.label_map[8 * rows + 4, 8 * columns + 4]
    assert torch.equal(reading.labels, expected)


@pytest.mark.parametrize('padded', [False, True])
def test_pixels_and_cells_correspond(tiny_model, tiny_config, padded):
    if padded:
        tiny_model.data_preprocessor.test_cfg = dict(size_divisor=80)
    reading = readings(tiny_model, tiny_config)[0]
    cell_rows, cell_columns = reading.cell_grid
    assert torch.equal(cell_rows, torch.arange(64) // 8)
    assert torch.equal(cell_columns, torch.arange(96) // 8)
    cells = cell_rows[:, None], cell_columns
    nearest = reading.to_image(reading.labels[None].float(), 'nearest')[0]
    assert torch.equal(nearest.long(), reading.labels[cells])
    maps = reading.activations
    torch.testing.assert_close(reading.to_image(maps), resize(maps, (64, 96)))


def test_rerun_of_the_same_image(tiny_model, tiny_config):
    reading = readings(tiny_model, tiny_config)[0]
    with torch.no_grad():
        activations, scales = reading.rerun(lambda image: image)
        double, _ = reading.rerun(
            lambda image: F.interpolate(image, scale_factor=2)
        )
    torch.testing.assert_close(activations, reading.activations)
    assert torch.equal(scales, reading.scales)
    assert double.shape == (8, 16, 24)


def test_sliding_windows_read_the_whole_image(tiny_model, tiny_config):
    whole = readings(tiny_model, tiny_config)[0]
    tiny_model.test_cfg.update(SLIDE)
    slide = readings(tiny_model, tiny_config)[0]
    torch.testing.assert_close(slide.activations, whole.activations)
    torch.testing.assert_close(slide.evidence, whole.evidence)


def test_the_model_is_left_as_it_was(tiny_model, tiny_config):
    parts = (tiny_model, tiny_model.decode_head)
    before = [set(vars(part)) for part in parts]
    readings(tiny_model, tiny_config)
    assert [set(vars(part)) for part in parts] == before


def test_nothing_of_the_last_batch_is_kept(tiny_model, tiny_config):
    recorder = ConceptRecorder(tiny_model)
    recorder.start()
    batch = next(iter(loader(tiny_config)))
    samples = [s.to_dict() for s in tiny_model.test_step(batch)]
    reading = weakref.ref(recorder.read(batch, samples)[0])
    recorder.stop()
    gc.collect()
    assert reading() is None


def test_a_batch_that_was_not_recorded_is_refused(tiny_model, tiny_config):
    recorder = ConceptRecorder(tiny_model)
    recorder.start()
    batch = next(iter(loader(tiny_config)))
    samples = tiny_model.test_step(batch)
    with pytest.raises(ValueError, match='not recorded'):
        recorder.read(batch, [samples[0].to_dict()])
    recorder.stop()
