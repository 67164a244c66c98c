"""Two processes with one image each are one process with two images."""

import torch

PHASES = dict(
    type='mmproto.TrainingPhaseHook',
    phases=[
        dict(name='head', end=1, train=['decode_head']),
        dict(name='classifier', end=2, train=['decode_head.conv_seg']),
        dict(name='all'),
    ],
)
HOOKS = [
    PHASES,
    dict(type='mmproto.SparsifyHook', strength=0.01),
    dict(type='mmproto.PrototypeHealthHook'),
    dict(type='mmproto.ChannelsLastHook'),
    dict(type='EMAHook', momentum=0.5),
]


def comparable(cfg, batch_size):
    """Three steps whose only difference can be who computes them.

    Group norm instead of batch norm, whose statistics would be those of one
    image on each of two ranks (synchronised batch norm needs GPUs); no
    shuffling, so that ranks 0 and 1 take images 0 and 1, 2 and 3, 4 and 5;
    no augmentation, as each process draws its own random numbers. The loss
    is a mean over all pixels, void or not, of images of one size.
    """
    norm = dict(type='GN', num_groups=4)
    cfg.model.backbone.norm_cfg = cfg.model.neck.norm_cfg = norm
    cfg.train_dataloader.batch_size = batch_size
    cfg.train_dataloader.sampler.shuffle = False
    pipeline = cfg.train_dataloader.dataset.pipeline
    cfg.train_dataloader.dataset.pipeline = [
        step for step in pipeline if step.type != 'RandomFlip'
    ]
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=3, val_interval=3
    )
    cfg.optim_wrapper.optimizer.lr = 0.1
    cfg.custom_hooks = HOOKS
    return cfg


def compare(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(
            second[name], value, rtol=1e-5, atol=1e-5, msg=name
        )


def test_two_processes_equal_the_doubled_batch(
    tiny_config, train, train_in_processes
):
    single = train(comparable(tiny_config, 2), 'one_process')
    double, log = train_in_processes(comparable(tiny_config, 1), 2)
    # The first is the state of the average, the second that of the model.
    for name in ('state_dict', 'ema_state_dict'):
        compare(single[name], double[name])
    for phase in ('head', 'classifier', 'all'):
        assert f"Phase '{phase}' from iteration" in log
