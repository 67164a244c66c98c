"""Sheets of a training show the patches of the weights as they are."""

from pathlib import Path

import numpy as np
import torch
from mmengine.runner import Runner
from visualization_runs import OF_PROJECTION, PROJECTION, SHORT, hook_with

from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.engine.hooks import prototype_visualization_hook as module
from mmproto.prototypes.projection import project_prototypes


def places(patches):
    return [
        (p.prototype, p.image, p.scale, p.row, p.col, p.similarity)
        for p in patches
    ]


def recorded(record, concept, depth=2):
    """Places of a concept: first the nearest of each prototype."""
    own = [p for p in record['prototypes'] if p['concept'] == concept]
    found = []
    for rank in range(depth):
        layer = [(p['prototype'], p['patches'][rank]) for p in own]
        layer.sort(key=lambda item: -item[1]['similarity'])
        found += [
            (k, *(x[key] for key in ('image', 'scale', 'row', 'col')))
            + (x['similarity'],)
            for k, x in layer
        ]
    return found


def check_patches(shown, record, depth=2):
    concepts = [item for _, what, _ in shown[:1] for item in what]
    assert concepts and shown[0][0] == 'concepts'
    for concept in concepts:
        expected = recorded(record, concept.index, depth)
        assert places(concept.patches) == expected


def test_patches_before_the_projection(train, shown, monkeypatch):
    asked = []
    monkeypatch.setattr(
        module,
        'project_prototypes',
        lambda model, loader, topk, mode: (
            asked.append(loader := list(loader))
            or project_prototypes(model, loader, topk, mode)
        ),
    )
    runner = train(hook_with(training_images=3), start=Runner.val)
    (loader,) = asked
    assert {step for _, step in shown.names()} == {0}
    # to ask the runner for its iteration would build what training needs
    assert isinstance(runner._train_loop, dict)
    cfg = projection_dataloader(runner.cfg)
    dataset = Runner.build_dataloader(cfg).dataset
    assert len(dataset) == 6
    for batch, index in zip(loader, (0, 2, 4), strict=True):
        (image,) = batch['inputs']
        assert torch.equal(image, dataset[index]['inputs'])
    record = project_prototypes(runner.model.eval(), loader, 6, 'mine')
    check_patches(shown, record, 3)
    (explanation,) = shown.explanations()
    assert '3 of 6 training images' in explanation.notes[-1]


def test_patches_of_a_projection_that_no_longer_holds(train, shown):
    projection = dict(PROJECTION, before=1, end=False)
    runner = train(projection, hook_with(), **SHORT)
    projection.pop('before')
    # what nobody can know to hold: the record of another run
    path = str(Path(runner.work_dir) / 'iter_2.pth')
    last = dict(name='last', train=['decode_head.conv_seg'])
    hooks = dict(type='mmproto.TrainingPhaseHook', phases=[last]), projection
    train(*hooks, hook_with(), load_from=path, **SHORT)
    first, second = shown.explanations()
    for explanation in (first, second):
        assert '6 of 6 training images' in explanation.notes[-1]


def phases(end):
    return dict(
        type='mmproto.TrainingPhaseHook',
        phases=[
            dict(name='all', end=end),
            dict(name='classifier', train=['decode_head.conv_seg']),
        ],
    )


def test_a_record_holds_while_the_classifier_is_trained(train, shown):
    hooks = phases(2), dict(PROJECTION, before=2, end=False), hook_with()
    runner = train(*hooks, **{'default_hooks.checkpoint.interval': 1})
    saved = [
        torch.load(Path(runner.work_dir) / f'iter_{i}.pth', weights_only=False)
        for i in (2, 4)
    ]
    weights = [s['state_dict']['decode_head.conv_seg.weight'] for s in saved]
    assert not torch.equal(*weights)
    record = saved[1]['meta']['dataset_meta']['projection']
    check_patches(shown, record)
    assert shown.explanations()[0].notes == [OF_PROJECTION]
    shown.clear()
    path = str(Path(runner.work_dir) / 'iter_3.pth')
    train(*hooks, resume=True, load_from=path)
    check_patches(shown, record)
    assert shown.explanations()[0].notes == [OF_PROJECTION]


def test_averaged_weights_are_shown(train, shown):
    ema = dict(type='EMAHook', momentum=0.5)
    runner = train(PROJECTION, ema, hook_with(), **SHORT)
    (hook,) = [h for h in runner.hooks if type(h).__name__ == 'EMAHook']
    heads = [
        model.decode_head for model in (hook.ema_model.module, runner.model)
    ]
    averaged, trained = (head.class_weights.detach() for head in heads)
    assert not torch.equal(averaged, trained)
    (explanation,) = shown.explanations()
    assert np.array_equal(explanation.class_weights, averaged.double())
    assert '6 of 6 training images' in explanation.notes[-1]
