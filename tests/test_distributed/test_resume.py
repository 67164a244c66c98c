"""A training that was interrupted ends as one that was not."""

import pytest
import torch

PHASES = [
    dict(name='head', end=2, train=['decode_head']),
    dict(
        name='concepts',
        end=4,
        freeze=['backbone', 'decode_head.conv_seg'],
        losses=['loss_ce', 'loss_jeffreys'],
    ),
    dict(name='all', losses=['loss_ce']),
]


def phased(cfg, by_epoch):
    """Six iterations, or six epochs of three, with a phase in every two.

    Without augmentation: mmengine keeps the order of the data in a resumed
    training, but not the state of the random numbers that augment it.
    """
    pipeline = cfg.train_dataloader.dataset.pipeline
    cfg.train_dataloader.dataset.pipeline = [
        step for step in pipeline if step.type != 'RandomFlip'
    ]
    cfg.model.decode_head.concept_losses = [
        dict(
            type='mmproto.JeffreysDiversityLoss',
            loss_weight=0.1,
            loss_name='loss_jeffreys',
        )
    ]
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.log_level = 'ERROR'
    cfg.default_hooks.checkpoint.interval = 1
    cfg.param_scheduler[0].end = 18
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=6)
    if by_epoch:
        cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=6)
        cfg.train_dataloader.sampler = dict(type='DefaultSampler')
        cfg.default_hooks.checkpoint.by_epoch = True
    cfg.custom_hooks = [
        dict(
            type='mmproto.TrainingPhaseHook', phases=PHASES, by_epoch=by_epoch
        ),
        dict(type='mmproto.SparsifyHook', strength=0.01, begin=1),
        dict(type='EMAHook', momentum=0.5),
    ]
    return cfg


def equal(first, second):
    """Whether nested containers hold the same tensors, bit by bit."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            equal(first[key], second[key]) for key in first
        )
    if isinstance(first, list):
        return len(first) == len(second) and all(map(equal, first, second))
    return first == second


@pytest.mark.smoke
@pytest.mark.parametrize('by_epoch', [False, True])
def test_resume_in_the_middle_of_each_phase(tiny_config, train, by_epoch):
    cfg = phased(tiny_config, by_epoch)
    whole = train(cfg, 'whole')
    folder = tiny_config.work_dir.replace('work', 'whole')
    for done in (1, 3, 5):
        name = f'{"epoch" if by_epoch else "iter"}_{done}.pth'
        cfg.update(load_from=f'{folder}/{name}', resume=True)
        resumed = train(cfg, f'resumed_{done}')
        for part in ('state_dict', 'ema_state_dict', 'optimizer'):
            assert equal(whole[part], resumed[part]), (done, part)
