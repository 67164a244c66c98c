"""Ranks with uneven shares find what one process finds."""

import os
import socket

import pytest
import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS

from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.prototypes.projection import project_prototypes

# images of rank 0 and of rank 1; image 0 is given to both
UNEVEN = [[0, 2, 3, 5], [4, 1, 0]]
ONE_SIDED = [[0, 1, 2, 3, 4, 5], []]


def build(config):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    return MODELS.build(Config.fromfile(config).model)


def batches(config, images, batch_size=2):
    cfg = projection_dataloader(Config.fromfile(config))
    dataset = Runner.build_dataloader(cfg).dataset
    samples = [dataset[i] for i in images]
    for start in range(0, len(samples), batch_size):
        part = samples[start : start + batch_size]
        yield {key: [s[key] for s in part] for key in part[0]}


def projected(config, images):
    model = build(config)
    record = project_prototypes(model, batches(config, images), topk=4)
    vectors = model.decode_head.prototype_layer.vectors.detach()
    return dict(record=record, vectors=vectors)


def failing(config, images, rank):
    """Project with a disk error on rank 1, and return its message."""
    model = build(config)
    before = model.decode_head.prototype_layer.vectors.detach().clone()

    def broken():
        yield from batches(config, images)
        if rank == 1:
            raise OSError('disk is gone')

    with pytest.raises((OSError, RuntimeError)) as error:
        project_prototypes(model, broken(), topk=4)
    vectors = model.decode_head.prototype_layer.vectors
    assert torch.equal(vectors, before)
    return str(error.value)


def run_rank(rank, port, config, folder):
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    dist.init_process_group('gloo', rank=rank, world_size=2)
    results = [projected(config, s[rank]) for s in (UNEVEN, ONE_SIDED)]
    results.append(failing(config, UNEVEN[rank], rank))
    torch.save(results, f'{folder}/rank_{rank}.pth')
    dist.destroy_process_group()


@pytest.fixture
def config(tiny_config, tmp_path):
    path = tmp_path / 'config.py'
    tiny_config.dump(path)
    return str(path)


def test_two_ranks_equal_one_process(config, tmp_path):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    torch.multiprocessing.spawn(
        run_rank, (port, config, str(tmp_path)), nprocs=2
    )
    single = projected(config, range(6))
    messages = []
    for rank in range(2):
        uneven, one_sided, message = torch.load(tmp_path / f'rank_{rank}.pth')
        for result in (uneven, one_sided):
            assert result['record'] == single['record']
            assert torch.equal(result['vectors'], single['vectors'])
        messages.append(message)
    assert messages[0] == 'projection failed on rank 1: OSError: disk is gone'
    assert messages[1] == 'disk is gone'
