"""Two ranks report what one process reports."""

import json
import os
import socket

import pytest
import torch
import torch.distributed as dist
from planted import IMAGES, measure


def run_rank(rank, port, root, folder):
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    dist.init_process_group('gloo', rank=rank, world_size=2)
    reports = measure(root, 'parts', **uneven())
    if rank == 0:
        (folder / 'reports.json').write_text(json.dumps(reports))
    dist.destroy_process_group()


def uneven():
    """An odd number of images: the sampler repeats one; uneven batches."""
    return {
        'test_dataloader.dataset.indices': IMAGES - 1,
        'test_dataloader.batch_size': 2,
    }


def assert_same(first, second, place=''):
    """Equal up to the order of additions."""
    if isinstance(first, dict):
        assert first.keys() == second.keys(), place
        for key in first:
            assert_same(first[key], second[key], f'{place}/{key}')
    elif isinstance(first, list):
        assert len(first) == len(second), place
        for index, pair in enumerate(zip(first, second)):
            assert_same(*pair, f'{place}[{index}]')
    elif isinstance(first, float):
        assert first == pytest.approx(second, rel=1e-9, abs=1e-12), place
    else:
        assert first == second, place


def test_two_ranks_report_what_one_does(planted_data, tmp_path):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    torch.multiprocessing.spawn(
        run_rank, (port, planted_data, tmp_path), nprocs=2
    )
    single = measure(planted_data, 'parts', **uneven())
    ranks = json.loads((tmp_path / 'reports.json').read_text())
    assert_same(json.loads(json.dumps(single)), ranks)
