"""Mirrored views of data whose classes tell left from right."""

import numpy as np
import torch

PAIRS = [[2, 3]]


def with_pairs(cfg):
    cfg.train_dataloader.dataset.metainfo.flip_pairs = PAIRS
    return cfg


def mirror(labels):
    """The mirrored label map, pixel by pixel."""
    other = {2: 3, 3: 2}
    rows = [[other.get(v, v) for v in row[::-1]] for row in labels.tolist()]
    return np.array(rows)


def test_left_and_right_change_places(keep, tiny_config):
    cache = keep(cfg=with_pairs(tiny_config))
    assert cache.variants == [(1.0, False), (1.0, True)]
    for image in cache.images:
        (_, plain), (_, mirrored) = (
            cache.read(cache.items[image, 0, variant]) for variant in (0, 1)
        )
        assert {2, 3} <= set(plain.unique().tolist())
        np.testing.assert_array_equal(mirrored.numpy(), mirror(plain))


def test_with_pairs_it_is_another_cache(keep, tiny_config):
    plain = keep().folder
    assert keep(cfg=with_pairs(tiny_config)).folder != plain


def test_a_black_box_has_seen_the_mirrored_view_itself(
    with_black_box, keep, tiny_config
):
    ours = keep(cfg=with_pairs(tiny_config), target='model', root='pairs')
    del tiny_config.train_dataloader.dataset.metainfo['flip_pairs']
    theirs = keep(target='model', root='none')
    for key, item in ours.items.items():
        labels = ours.read(item)[1]
        assert torch.equal(labels, theirs.read(theirs.items[key])[1])
