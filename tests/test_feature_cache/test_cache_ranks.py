"""Ranks build together what one process builds."""

import os

import pytest
import torch
import torch.distributed as dist
from cache_checks import assert_same, contents, count_passes
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from ports import free_port

from mmproto.feature_cache import CacheOptions, FeatureCache, build_cache


def build(file, folder, options):
    cfg = Config.fromfile(file)
    init_default_scope('mmseg')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    with count_passes(model) as passes:
        cache = build_cache(model, cfg, options, folder)
    return cache, len(passes)


def stopped(file, folder, rank):
    """Build until the disk of rank 1 is gone; give the message."""
    cfg = Config.fromfile(file)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)

    def fail(module, inputs):
        if len(passes) == 3:
            raise OSError('disk is gone')

    with count_passes(model) as passes:
        if rank == 1:
            model.backbone.register_forward_pre_hook(fail)
        with pytest.raises((OSError, RuntimeError)) as error:
            build_cache(model, cfg, CacheOptions(), folder)
    return str(error.value)


def run_rank(rank, port, file, folder, limit):
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    dist.init_process_group('gloo', rank=rank, world_size=2)
    init_default_scope('mmseg')
    results = []
    for name, options in (
        ('whole', CacheOptions()),
        ('sample', CacheOptions(cache_gb=limit)),
    ):
        cache, passes = build(file, f'{folder}/{name}', options)
        results.append((str(cache.folder), cache.images, passes))
    results.append(stopped(file, f'{folder}/stopped', rank))
    torch.save(results, f'{folder}/rank_{rank}.pth')
    dist.destroy_process_group()


def test_two_ranks_equal_one_process(sizes_config, tmp_path):
    file = str(tmp_path / 'config.py')
    sizes_config.dump(file)
    single, _ = build(file, tmp_path / 'single', CacheOptions())
    # The fourth image of the order does not fit: found by one of the ranks.
    order, sizes = single.taken.order, single.sizes
    limit = (sum(sizes[n] for n in order[:4]) - 1) / 1e9
    torch.multiprocessing.spawn(
        run_rank, (free_port(), file, str(tmp_path), limit), nprocs=2
    )
    ranks = [torch.load(tmp_path / f'rank_{rank}.pth') for rank in range(2)]
    (whole, *both), (sample, images, _), _ = ranks[0]
    assert [rank[0] for rank in ranks] == [(whole, *both)] * 2
    assert both == [list(range(6)), 6]  # each has run half of the views
    expected = contents(single)
    assert_same(contents(FeatureCache(whole)), expected)
    assert len(FeatureCache(whole).parts) == 2
    assert ranks[1][1][:2] == (sample, images)
    assert images == sorted(order[:3])
    assert ranks[0][2] == (
        'the feature cache failed on rank 1: OSError: disk is gone'
    )
    assert ranks[1][2] == 'disk is gone'
    # One process goes on with what two ranks have left.
    left = len(FeatureCache(next((tmp_path / 'stopped').iterdir())).items)
    assert left == 4  # two views of an image on each rank
    cache, passes = build(file, tmp_path / 'stopped', CacheOptions())
    assert passes == 12 - left
    assert_same(contents(cache), expected)
