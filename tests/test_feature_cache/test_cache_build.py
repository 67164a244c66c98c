"""Caches are complete, resumable, and never taken for another."""

import errno
import json
import os

import cv2
import pytest
import torch
from cache_checks import assert_same, contents, count_passes

from mmproto.feature_cache import FeatureCache
from mmproto.feature_cache.parts import CacheFiles
from mmproto.models.necks.pooling import PooledMaps

VIEWS = 12  # six images, each in two flips


@pytest.mark.smoke
def test_features_and_labels_by_hand(tiny_model, keep, loader):
    cache = keep(sizes=(1.0, 0.5), dtype='float32')
    assert cache.variants == [
        (1.0, False),
        (1.0, True),
        (0.5, False),
        (0.5, True),
    ]
    for number, batch in enumerate(loader(batch_size=1)):
        labels = batch['data_samples'][0].gt_sem_seg.data[0]
        data = tiny_model.data_preprocessor(batch, False)
        image = data['inputs']
        half = torch.nn.functional.interpolate(
            image, (32, 48), mode='bilinear', antialias=True
        )
        views = [
            (image, labels),
            (image.flip(-1), labels.flip(-1)),
            (half, labels[::2, ::2]),
        ]
        for variant, (view, expected) in enumerate(views):
            item = cache.items[number, 0, variant]
            assert item.path == data['data_samples'][0].img_path
            maps, found = cache.read(item)
            with torch.no_grad():
                features = tiny_model.backbone(view)[-1][0]
            torch.testing.assert_close(maps[-1], features)
            assert maps[:-1] == (None,) * 3  # the neck reads the last only
            assert isinstance(maps, PooledMaps)
            assert torch.equal(found, expected)


def test_all_maps_where_no_neck_says(tiny_model, keep):
    cache = keep(stages=(0, -1), dtype='float32')
    maps, _ = cache.read(cache.items[0, 0, 0])
    assert [each is None for each in maps] == [False, True, True, False]
    del tiny_model.neck
    cache = keep(flip=False)
    maps, _ = cache.read(cache.items[0, 0, 0])
    assert [tuple(each.shape) for each in maps] == [
        (16, 16, 24),
        (32, 8, 12),
        (64, 8, 12),
        (128, 8, 12),
    ]
    assert type(maps) is tuple


def test_the_model_is_left_as_it_was(tiny_model, keep):
    tiny_model.train()
    state = {k: v.clone() for k, v in tiny_model.state_dict().items()}
    numbers = torch.get_rng_state()
    keep()
    assert all(module.training for module in tiny_model.modules())
    assert torch.equal(torch.get_rng_state(), numbers)
    for name, value in tiny_model.state_dict().items():
        assert torch.equal(value, state[name])


@pytest.mark.parametrize(
    ('stop_at', 'damage'), [(5, 'none'), (5, 'half an item'), (6, 'lost data')]
)
def test_nothing_is_computed_twice(tiny_model, keep, stop_at, damage):
    whole = keep('other')
    with (
        pytest.raises(KeyboardInterrupt),
        count_passes(tiny_model, stop_at) as passes,
    ):
        keep()
    assert len(passes) == stop_at
    (folder,) = whole.folder.parent.with_name('caches').iterdir()
    kept = len(FeatureCache(folder).items)
    assert kept == stop_at
    part = folder / 'part_0'
    if damage == 'half an item':
        line = (part / 'index.jsonl').read_bytes().splitlines()[-1]
        for name, rest in (
            ('stage_3.bin', b'x' * 999),
            ('labels.bin', b'y' * 77),
            ('index.jsonl', line[:50]),
        ):
            with (part / name).open('ab') as file:
                file.write(rest)
    if damage == 'lost data':
        size = (part / 'stage_3.bin').stat().st_size
        os.truncate(part / 'stage_3.bin', size - 1)
        kept -= 1
    with count_passes(tiny_model) as passes:
        cache = keep()
    assert len(passes) == VIEWS - kept
    assert_same(contents(cache), contents(whole))
    for name in ('stage_3.bin', 'labels.bin', 'index.jsonl'):
        expected = (whole.folder / 'part_0' / name).stat().st_size
        assert (part / name).stat().st_size == expected


def test_a_cache_is_found_again(tiny_model, keep):
    first = keep()
    with count_passes(tiny_model) as passes:
        assert keep().folder == first.folder
    assert not passes


CHANGES = {
    'weights': lambda model, cfg: model.backbone.layer1[
        0
    ].conv1.weight.data.mul_(2),
    'statistics': lambda model, cfg: model.backbone.layer1[
        0
    ].norm1.running_mean.add_(1),
    'backbone': lambda model, cfg: cfg.model.backbone.update(contract=True),
    'pooling': lambda model, cfg: cfg.model.neck.update(in_index=3),
    'normalisation': lambda model, cfg: cfg.model.data_preprocessor.update(
        mean=[0, 0, 0]
    ),
    'pipeline': lambda model, cfg: cfg.val_dataloader.dataset.update(
        pipeline=[
            *cfg.val_dataloader.dataset.pipeline[:-1],
            dict(type='Resize', scale=(96, 64), keep_ratio=True),
            cfg.val_dataloader.dataset.pipeline[-1],
        ]
    ),
    'windows': lambda model, cfg: model.test_cfg.update(
        mode='slide', crop_size=(32, 32), stride=(32, 32)
    ),
}


@pytest.mark.parametrize('change', CHANGES)
def test_another_model_has_another_cache(
    tiny_model, tiny_config, keep, change
):
    first = keep(flip=False)
    CHANGES[change](tiny_model, tiny_config)
    assert keep(flip=False).folder != first.folder


@pytest.mark.parametrize('kind', ['leftImg8bit', 'gtFine'])
def test_another_image_has_another_cache(sizes_config, keep, kind):
    first = keep(flip=False)
    root = sizes_config.train_dataloader.dataset.data_root
    with os.scandir(f'{root}/{kind}/train/town') as files:
        path = next(files).path
    cv2.imwrite(path, cv2.imread(path, cv2.IMREAD_UNCHANGED))
    assert keep(flip=False).folder != first.folder


@pytest.mark.parametrize(
    'options',
    [
        dict(stages=(3,)),
        dict(sizes=(1.0, 0.5)),
        dict(flip=True),
        dict(dtype='float32'),
        dict(seed=1),
    ],
)
def test_other_options_have_another_cache(keep, options):
    first = keep(flip=False)
    assert keep(**(dict(flip=False) | options)).folder != first.folder


def test_where_weights_come_from_does_not_matter(tiny_config, keep):
    first = keep(flip=False)
    tiny_config.model.backbone.init_cfg = dict(
        type='Pretrained', checkpoint='somewhere'
    )
    assert keep(flip=False).folder == first.folder


def test_a_record_of_another_cache_is_refused(keep):
    folder = keep(flip=False).folder
    record = json.loads((folder / 'record.json').read_text())
    record['weights'] = 'others'
    (folder / 'record.json').write_text(json.dumps(record))
    with pytest.raises(ValueError, match='does not belong to its folder'):
        keep(flip=False)
    with pytest.raises(ValueError, match='does not belong to its folder'):
        FeatureCache(folder)
    with pytest.raises(FileNotFoundError, match='is no feature cache'):
        FeatureCache(folder.parent)


def bytes_on_disk(folder):
    return sum(path.stat().st_size for path in folder.glob('part_*/*.bin'))


def test_a_sample_below_a_limit(tiny_model, keep):
    whole = keep('whole')
    image = bytes_on_disk(whole.folder) // 6
    limit = 3.5 * image / 1e9
    cache = keep(cache_gb=limit)
    assert len(cache.images) == 3
    assert bytes_on_disk(cache.folder) == 3 * image
    assert keep('again', cache_gb=limit).images == cache.images
    assert keep('other', cache_gb=limit, seed=1).images != cache.images
    expected = contents(whole)
    kept = {k: v for k, v in expected.items() if k[0] in cache.images}
    assert_same(contents(cache), kept)
    with count_passes(tiny_model) as passes:
        assert keep(cache_gb=limit).images == cache.images
    assert not passes
    # A larger limit goes on; a smaller one needs no pass.
    with count_passes(tiny_model) as passes:
        more = keep(cache_gb=5.5 * image / 1e9)
    assert len(passes) == 2 * 2
    assert set(more.images) > set(cache.images)
    with count_passes(tiny_model) as passes:
        assert keep(cache_gb=limit).images == cache.images
    assert not passes


def test_the_limit_holds_for_images_of_any_size(sizes_config, keep):
    whole = keep('whole', cfg=sizes_config)
    sizes = whole.sizes
    assert len(set(sizes.values())) == 6
    order = whole.taken.order
    # just below and at what four images need, and two others
    four = sum(sizes[n] for n in order[:4])
    for limit in (four - 1, four, max(sizes.values()), 2 * four // 3):
        cache = keep(f'below_{limit}', sizes_config, cache_gb=limit / 1e9)
        taken = len(cache.images)
        assert sorted(order[:taken]) == cache.images
        used = sum(sizes[n] for n in cache.images)
        assert bytes_on_disk(cache.folder) == used <= limit
        assert used + sizes[order[taken]] > limit


def test_one_image_is_too_much(keep):
    with pytest.raises(ValueError, match=r'leftImg8bit.png alone need'):
        keep(cache_gb=1e-6)


def test_images_of_different_sizes(tiny_model, sizes_config, keep, loader):
    cache = keep(cfg=sizes_config, dtype='float32')
    for number, batch in enumerate(loader(batch_size=1)):
        image = tiny_model.data_preprocessor(batch, False)['inputs']
        item = cache.items[number, 0, 1]
        assert item.padded == tuple(image.shape[2:])
        maps, _ = cache.read(item)
        with torch.no_grad():
            features = tiny_model.backbone(image.flip(-1))[-1][0]
        torch.testing.assert_close(maps[-1], features)


def test_padding_stays_at_the_right(tiny_model, tiny_config, keep):
    tiny_model.data_preprocessor.test_cfg = dict(size_divisor=40)
    tiny_config.model.data_preprocessor.test_cfg = dict(size_divisor=40)
    cache = keep(dtype='float32')
    item = cache.items[0, 0, 1]
    assert (item.content, item.padded) == ((64, 96), (80, 120))
    maps, labels = cache.read(item)
    assert (labels[64:] == 255).all() and (labels[:, 96:] == 255).all()
    _, plain = cache.read(cache.items[0, 0, 0])
    assert torch.equal(labels[:64, :96], plain[:64, :96].flip(-1))
    image = cv2.imread(item.path)[..., ::-1].copy()
    image = torch.from_numpy(image).permute(2, 0, 1).float().flip(-1)
    preprocessor = tiny_model.data_preprocessor
    image = (image - preprocessor.mean) / preprocessor.std
    padded = torch.nn.functional.pad(image, (0, 24, 0, 16))
    with torch.no_grad():
        features = tiny_model.backbone(padded[None])[-1][0]
    torch.testing.assert_close(maps[-1], features)


def test_windows_are_those_of_mmseg(tiny_model, keep, loader):
    windows = dict(mode='slide', crop_size=(40, 50), stride=(20, 30))
    tiny_model.test_cfg.update(windows)
    cache = keep(dtype='float32')
    batch = next(iter(loader(batch_size=1)))
    data = tiny_model.data_preprocessor(batch, False)
    with count_passes(tiny_model) as passes, torch.no_grad():
        tiny_model.predict(data['inputs'], data['data_samples'])
    assert len(passes) == cache.items[0, 0, 0].places == 9
    for place, window in enumerate(passes):
        y0, x0, y1, x1 = cache.items[0, place, 0].box
        assert torch.equal(data['inputs'][..., y0:y1, x0:x1], window)
        for variant, view in enumerate((window, window.flip(-1))):
            maps, _ = cache.read(cache.items[0, place, variant])
            with torch.no_grad():
                features = tiny_model.backbone(view)[-1][0]
            torch.testing.assert_close(maps[-1], features)


@pytest.mark.parametrize('labelled', [True, False])
def test_the_black_box_gives_the_labels(
    with_black_box, tiny_config, keep, tmp_path, labelled
):
    if not labelled:
        tiny_config.train_dataloader.dataset.data_prefix.pop('seg_map_path')
    with count_passes(with_black_box) as passes:
        cache = keep(target='model', sizes=(1.0, 0.5))
    assert len(passes) == 2 * VIEWS
    box = with_black_box.black_box
    different = set()
    for image in passes:
        with torch.no_grad():
            metas = [
                dict(ori_shape=image.shape[2:], img_shape=image.shape[2:])
            ]
            logits = box.inference(image, metas)
        found = logits[0].argmax(dim=0)
        different.add(tuple(found.flatten().tolist()))
    kept = {
        tuple(labels.flatten().tolist())
        for *_, labels in contents(cache).values()
    }
    assert kept == different
    assert len(kept) > VIEWS


def test_another_black_box_has_another_cache(with_black_box, keep):
    first = keep(target='model')
    weight = with_black_box.black_box.decode_head.conv_seg.weight
    weight.data.mul_(-1)
    assert keep(target='model').folder != first.folder


def test_labels_are_missed_early(tiny_model, tiny_config, keep):
    with pytest.raises(ValueError, match='needs a segmentor with a black_box'):
        keep(target='model')
    pipeline = tiny_config.val_dataloader.dataset.pipeline
    tiny_config.val_dataloader.dataset.pipeline = [pipeline[0], pipeline[-1]]
    with pytest.raises(ValueError, match='comes without labels'):
        keep()


def test_a_full_disk(tiny_model, keep, monkeypatch):
    expected = contents(keep('whole'))
    append, calls = CacheFiles.append, []

    def full(part, item, values):
        calls.append(item)
        if len(calls) == 6:
            with (part.folder / 'stage_3.bin').open('ab') as file:
                file.write(b'half')
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return append(part, item, values)

    monkeypatch.setattr(CacheFiles, 'append', full)
    with pytest.raises(OSError, match='disk is full after 2 images; free'):
        keep()
    with count_passes(tiny_model) as passes:
        cache = keep()
    assert len(passes) == VIEWS - 5
    assert_same(contents(cache), expected)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(stages=(7,)), r'stages=\[7\], but the backbone has 4 maps'),
        (dict(stages=()), 'stages names no map'),
        (dict(sizes=(0.5,)), 'sizes must name 1.0'),
        (dict(sizes=(1, -2)), 'sizes are positive'),
        (dict(cache_gb=0), 'cache_gb must be above 0, got 0'),
        (dict(dtype='int8'), "dtype must be one of .* got 'int8'"),
        (dict(target='truth'), "target must be one of .* got 'truth'"),
    ],
)
def test_mistakes(keep, options, message):
    with pytest.raises(ValueError, match=message):
        keep(**options)


def test_numbers_too_large_for_float16(tiny_model, keep):
    tiny_model.backbone.layer4[-1].norm2.weight.data.fill_(1e6)
    with pytest.raises(ValueError, match='not finite in float16'):
        keep()
    assert keep(dtype='float32').images == list(range(6))
