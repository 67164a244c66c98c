"""Two processes agree on what is used, what is dead and what replaces it."""

import os

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.runner import Runner
from ports import free_port

from mmproto.engine.hooks import reseed_hook
from mmproto.models.losses import UsageBalanceLoss

WEIGHTS = torch.ones(3, 5)
# Concepts that a rank does not show in the first and second iteration.
QUIET = [[[1, 2, 3], [1, 2, 4]], [[1, 2, 4], [1, 3, 4]]]


def scene():
    """Activations and labels of two images, of unlike numbers of pixels."""
    generator = torch.Generator().manual_seed(0)
    activations = torch.rand(2, 5, 4, 4, generator=generator).double()
    labels = torch.randint(0, 3, (2, 4, 4), generator=generator)
    labels[0, 1:] = 255
    return activations.softmax(1), labels


def balance(images):
    """Value and gradient of the loss on some of the images."""
    activations, labels = scene()
    leaf = activations[images].clone().requires_grad_()
    loss = UsageBalanceLoss()(leaf, labels[images], WEIGHTS)
    loss.backward()
    return loss.item(), leaf.grad


def reseeded(config, folder, rank):
    """Parameters before and after a training that only re-seeds."""
    cfg = Config.fromfile(config)
    cfg.work_dir = folder
    # Half the time of a run goes into layouting its config for the log.
    Config.pretty_text = ''
    runner = Runner.from_cfg(cfg)
    head = runner.model.decode_head
    found, original, pool = [], reseed_hook.reseed, head.pool_concepts

    def quiet(latents):
        pooled, maps = pool(latents)
        pooled = pooled.clone()
        pooled[:, QUIET[rank][runner.iter]] = 0.2
        return pooled, maps

    def spy(head, dead, *args):
        found.append((dead.tolist(), original(head, dead, *args).tolist()))
        return dead[: len(found[-1][1])]

    head.pool_concepts = quiet
    reseed_hook.reseed = spy
    parameters = (head.prototype_layer.vectors, head.conv_seg.weight)
    before = [parameter.detach().clone() for parameter in parameters]
    runner.train()
    state = runner.optim_wrapper.optimizer.state
    return dict(
        found=found,
        before=before,
        after=[parameter.detach() for parameter in parameters],
        moment=state[head.conv_seg.weight]['momentum_buffer'],
    )


def run_rank(rank, port, config, folder):
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    dist.init_process_group('gloo', rank=rank, world_size=2)
    results = dict(
        balance=balance(slice(rank, rank + 1)),
        reseeded=reseeded(config, folder, rank),
    )
    torch.save(results, f'{folder}/rank_{rank}.pth')
    dist.destroy_process_group()


def dump(cfg, path):
    """Two iterations with gradients, but with steps of length zero."""
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.log_level = 'ERROR'
    cfg.train_cfg.max_iters = 2
    cfg.param_scheduler = [dict(type='ConstantLR', factor=1.0)]
    cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.0, momentum=0.9)
    cfg.custom_hooks = [
        dict(type='mmproto.PrototypeReseedHook', interval=2, threshold=0.3)
    ]
    cfg.dump(path)


def test_ranks_agree(tiny_config, tmp_path):
    config = str(tmp_path / 'config.py')
    dump(tiny_config, config)
    torch.multiprocessing.spawn(
        run_rank, (free_port(), config, str(tmp_path)), nprocs=2
    )
    first, second = (
        torch.load(tmp_path / f'rank_{rank}.pth') for rank in range(2)
    )
    value, gradient = balance(slice(None))
    values, gradients = zip(first['balance'], second['balance'])
    assert abs(sum(values) / 2 - value) < 1e-12
    torch.testing.assert_close(torch.cat(gradients) / 2, gradient)
    check_reseeded(first['reseeded'], second['reseeded'])


def check_reseeded(first, second):
    """Only what no rank showed is replaced, with what the first rank saw."""
    assert first['found'] == [([1], [1])] and second['found'] == []
    for key in ('before', 'after'):
        for mine, other in zip(first[key], second[key]):
            assert torch.equal(mine, other)
    vectors, weight = (
        (old != new).reshape(len(old), -1).any(1).tolist()
        for old, new in zip(
            (first['before'][0], first['before'][1].transpose(0, 1)),
            (first['after'][0], first['after'][1].transpose(0, 1)),
        )
    )
    assert vectors == [p in (2, 3) for p in range(16)]
    assert weight == [k == 1 for k in range(8)]
    for result in (first, second):
        assert not result['moment'][:, 1].any() and result['moment'].any()
