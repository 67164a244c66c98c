"""Kept features take the place of images in training and projection."""

import copy

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from projection_cases import places

from mmproto.feature_cache import (
    CachedFeatures,
    FeatureMaps,
    accepting_features,
)
from mmproto.prototypes.init_options import InitOptions
from mmproto.prototypes.initialization import init_prototypes
from mmproto.prototypes.projection import project_prototypes


def loader_of(cache, **changes):
    cfg = dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type='mmproto.CachedFeatures', folder=str(cache.folder), plain=True
        ),
    )
    return Runner.build_dataloader(cfg | changes, seed=0)


def test_a_place_is_drawn_in_any_variant(keep, loader):
    cache = keep(sizes=(1.0, 0.5))
    dataset = CachedFeatures(cache.folder)
    images = loader().dataset
    assert len(dataset) == 6
    assert dataset.metainfo['classes'] == images.metainfo['classes']
    np.random.seed(0)
    drawn = [dataset[2] for _ in range(40)]
    sizes = {(s['data_samples'].flip, tuple(s['inputs'].shape)) for s in drawn}
    assert sizes == {
        (flip, shape)
        for flip in (False, True)
        for shape in ((3, 64, 96), (3, 32, 48))
    }
    np.random.seed(0)
    again = [dataset[2]['data_samples'].flip for _ in range(40)]
    assert again == [s['data_samples'].flip for s in drawn]
    expected = images[2]['data_samples']
    for sample in (s['data_samples'] for s in drawn):
        assert sample.img_path == expected.img_path
        labels = expected.gt_sem_seg.data
        labels = labels.flip(-1) if sample.flip else labels
        step = 96 // sample.img_shape[1]
        assert torch.equal(sample.gt_sem_seg.data, labels[:, ::step, ::step])
    plain = CachedFeatures(cache.folder, plain=True)
    assert not any(plain[2]['data_samples'].flip for _ in range(10))


def test_workers_draw_alike_in_every_run(keep):
    cache = keep()
    loader = loader_of(
        cache,
        num_workers=2,
        dataset=dict(type='mmproto.CachedFeatures', folder=str(cache.folder)),
    )
    flips = [
        [sample.flip for batch in loader for sample in batch['data_samples']]
        for _ in range(2)
    ]
    assert flips[0] == flips[1]


@pytest.mark.smoke
def test_batches_of_different_sizes(tiny_model, sizes_config, keep):
    dataset = CachedFeatures(keep(cfg=sizes_config).folder, plain=True)
    samples = [dataset[index] for index in (3, 0)]
    alone = [sample['inputs'].maps[-1] for sample in samples]
    labels = [sample['data_samples'].gt_sem_seg.data for sample in samples]
    with accepting_features(tiny_model):
        data = tiny_model.data_preprocessor(pseudo_collate(samples), True)
        maps = tiny_model.backbone(data['inputs'])
        losses = tiny_model.loss(data['inputs'], data['data_samples'])
    assert data['inputs'].shape == (2, 3, 64, 96)
    assert maps[-1].dtype == torch.float32
    for index in range(2):
        rows, columns = alone[index].shape[1:]
        kept = maps[-1][index, :, :rows, :columns]
        assert torch.equal(kept, alone[index].float())
        assert not maps[-1][index, :, rows:].any()
        assert not maps[-1][index, :, :, columns:].any()
        sample = data['data_samples'][index]
        rows, columns = labels[index].shape[1:]
        found = sample.gt_sem_seg.data
        assert found.shape == (1, 64, 96)
        assert torch.equal(found[:, :rows, :columns], labels[index])
        outside = found.clone()
        outside[:, :rows, :columns] = 255
        assert (outside == 255).all()
        assert sample.img_shape == (rows, columns)
    assert torch.isfinite(losses['decode.loss_ce'])


def test_images_go_the_usual_way(tiny_model, keep, loader):
    cache = keep(dtype='float32')
    batch = next(iter(loader()))
    names = list(tiny_model.state_dict())
    expected = tiny_model.test_step(copy.deepcopy(batch))
    with accepting_features(tiny_model):
        assert list(tiny_model.state_dict()) == names
        found = tiny_model.test_step(copy.deepcopy(batch))
        tiny_model.train()
        assert not any(m.training for m in tiny_model.backbone.modules())
        assert tiny_model.neck.training
        twin = copy.deepcopy(tiny_model)
        with torch.no_grad():
            for weight in twin.backbone.parameters():
                weight.zero_()
        image = torch.rand(1, 3, 64, 96)
        assert tiny_model.backbone(image)[-1].any()
        assert not twin.backbone(image)[-1].any()  # a copy runs itself
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one.seg_logits.data, other.seg_logits.data)
    maps = CachedFeatures(cache.folder)[0]['inputs']
    assert isinstance(maps, FeatureMaps)
    tiny_model.train()
    assert tiny_model.backbone.training
    with pytest.raises(TypeError):
        tiny_model.backbone(maps)


def test_labels_of_a_stride_are_those_in_between(tiny_model, keep):
    data = CachedFeatures(keep(dtype='float32').folder, plain=True)
    whole = data[0]['data_samples'].gt_sem_seg.data
    with accepting_features(tiny_model, label_stride=3):
        for training, expected in (
            (True, whole[:, 1::3, 1::3]),
            (False, whole),  # a projection asks for the label of a cell
        ):
            batch = tiny_model.data_preprocessor(
                pseudo_collate([data[0]]), training
            )
            (sample,) = batch['data_samples']
            assert torch.equal(sample.gt_sem_seg.data, expected)


@pytest.mark.parametrize(
    ('dtype', 'tolerance'), [('float32', 1e-6), ('float16', 1e-3)]
)
@pytest.mark.parametrize('padded', [False, True])
def test_projection_equals_that_on_images(
    tiny_model, sizes_config, keep, loader, dtype, tolerance, padded
):
    if padded:
        padding = dict(size_divisor=40)
        tiny_model.data_preprocessor.test_cfg = padding
        sizes_config.model.data_preprocessor.test_cfg = padding
    cache = keep(cfg=sizes_config, dtype=dtype, sizes=(0.5, 1.0))
    twin = copy.deepcopy(tiny_model)
    # two places of one image may tie once features are rounded
    expected = project_prototypes(tiny_model, loader(batch_size=1), topk=1)
    with accepting_features(twin):
        found = project_prototypes(twin, loader_of(cache), topk=1)
    assert places(found) == places(expected)
    for ours, theirs in zip(found['prototypes'], expected['prototypes']):
        (one,), (other,) = ours['patches'], theirs['patches']
        similarity = pytest.approx(other.pop('similarity'), abs=tolerance)
        assert one.pop('similarity') == similarity
        assert one == other  # sizes and labels
    torch.testing.assert_close(
        twin.decode_head.prototype_layer.vectors,
        tiny_model.decode_head.prototype_layer.vectors,
        rtol=0,
        atol=tolerance,
    )


def test_initialisation_equals_that_on_images(tiny_model, keep, loader):
    cache = keep(dtype='float32')
    twin = copy.deepcopy(tiny_model)
    options = InitOptions(pixels_per_class=50, min_cell_purity=0.9)
    expected = init_prototypes(tiny_model, loader(), options)
    with accepting_features(twin):
        found = init_prototypes(twin, loader_of(cache), options)
    assert torch.equal(found.pixels, expected.pixels)
    assert torch.equal(found.cells, expected.cells)
    for name, value in twin.decode_head.state_dict().items():
        other = tiny_model.decode_head.state_dict()[name]
        torch.testing.assert_close(value, other, rtol=1e-4, atol=1e-5)


def test_other_sizes_need_images(tiny_model, keep):
    options = InitOptions(other_sizes=(0.5,))
    loader = loader_of(keep())
    with (
        accepting_features(tiny_model),
        pytest.raises(ValueError, match=r'other_sizes=\(0.5,\) need'),
    ):
        init_prototypes(tiny_model, loader, options)


def test_an_empty_cache(keep, monkeypatch):
    cache = keep()
    with pytest.raises(ValueError, match='holds no complete image'):
        CachedFeatures(cache.folder, cache_gb=1e-9)
