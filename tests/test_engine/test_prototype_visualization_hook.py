"""Sheets and pages of a training, which goes on as without them."""

import pickle
import random
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from mmseg.apis import init_model

from mmproto.concepts import concept_usage, list_concepts
from mmproto.engine import PrototypeVisualizationHook
from mmproto.engine.hooks import prototype_visualization_hook as module
from mmproto.explain import explain
from mmproto.projection import project_prototypes, projection_dataloader
from mmproto.registry import TRANSFORMS
from mmproto.visualization import PrototypeVisualizer
from mmproto.visualization.concept_pages import draw_pages
from mmproto.visualization.sheet import draw_sheet

HOOK = dict(type='mmproto.PrototypeVisualizationHook')
SHORT = {'train_cfg.max_iters': 2}
PROJECTION = dict(type='mmproto.PrototypeProjectionHook', topk=2)
OF_PROJECTION = 'Training patches are those of the projection.'


@TRANSFORMS.register_module()
class DrawNumbers:
    """Draws from every generator, in the process of the training."""

    def __call__(self, results):
        random.random(), np.random.rand(), torch.rand(1)
        return results


@pytest.fixture
def train(build, monkeypatch):
    """Trains with hooks and a visualizer that draws into files."""
    # calls compilers to say which versions there are
    monkeypatch.setattr(Runner, '_log_env', lambda *_: None)

    def run(*hooks, start=Runner.train, **overrides):
        settings = {
            'visualizer.type': 'mmproto.PrototypeVisualizer',
            'visualizer.name': uuid4().hex,  # those of one name are one
            'visualizer.vis_backends': [dict(type='LocalVisBackend')],
        }
        runner = build(
            *hooks,
            val=True,
            look=lambda runner, outputs: (
                outputs['loss'].item(),
                random.getstate(),
                np.random.get_state()[1].tolist(),
                torch.get_rng_state().tolist(),
            ),
            **{**settings, **overrides},
        )
        start(runner)
        return runner

    return run


class Shown(list):
    """What visualizers are given: (name, explanation or concepts, step)."""

    def __init__(self, monkeypatch):
        for method in ('add_explanation', 'add_concepts'):
            monkeypatch.setattr(
                PrototypeVisualizer,
                method,
                lambda _, name, what, *rest: self.append(
                    (name, what, next(r for r in rest if type(r) is int))
                ),
            )

    def names(self):
        return [(name, step) for name, _, step in self]

    def explanations(self):
        return [what for name, what, _ in self if name != 'concepts']


@pytest.fixture
def shown(monkeypatch):
    """Keeps what would be drawn, which takes most of the time."""
    return Shown(monkeypatch)


def hook_with(**arguments):
    return dict(HOOK, **{'images': 1, 'concepts': 2, **arguments})


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


def images(runner):
    dataset = runner.val_dataloader.dataset
    return [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]


@pytest.mark.smoke
def test_files_are_what_the_last_checkpoint_shows(train, tmp_path):
    runner = train(PROJECTION, hook_with())
    root = Path(runner.visualizer.get_backend('LocalVisBackend')._save_dir)
    root = root / 'vis_image'
    path = images(runner)[0]
    stem = Path(path).stem
    names = {str(p.relative_to(root)) for p in root.rglob('*.png')}
    assert names == {f'explanation/{stem}_4.png', 'concepts/01_4.png'}
    checkpoint = Path(runner.work_dir) / 'iter_4.pth'
    model = init_model(runner.cfg, str(checkpoint), 'cpu')
    explanation = explain(model, path)
    explanation.notes.append(OF_PROJECTION)
    loader = [
        {
            key: [value]
            for key, value in runner.val_dataloader.dataset[0].items()
        }
    ]
    concepts = list_concepts(model, concept_usage(model, loader))[:2]
    note = (
        f'{OF_PROJECTION} The most used of 8 concepts, counted on 1 of 3 '
        'validation images.'
    )
    (page,) = draw_pages(concepts, model.dataset_meta['classes'], note)
    for name, figure in (
        (f'explanation/{stem}_4.png', draw_sheet(explanation)),
        ('concepts/01_4.png', page),
    ):
        figure.savefig(tmp_path / 'expected.png')
        expected = cv2.imread(str(tmp_path / 'expected.png'))
        assert np.array_equal(cv2.imread(str(root / name)), expected), name


def test_training_does_not_notice(train, shown, tiny_config):
    draw = dict(type='mmproto.DrawNumbers')
    for pipeline in (
        tiny_config.test_pipeline,
        tiny_config.val_dataloader.dataset.pipeline,
    ):
        pipeline.insert(-1, draw)
    ends = []
    hook = hook_with(interval=3, images=2, training_images=3)
    for hooks in ([], [hook]):
        runner = train(*hooks, **{'train_cfg.val_interval': 1})
        checkpoint = torch.load(
            Path(runner.work_dir) / 'iter_4.pth', weights_only=False
        )
        ends.append((runner, checkpoint))
    (plain, expected), (runner, found) = ends
    # after the third validation and at the end, the same images of three
    stems = [Path(path).stem for path in images(runner)]
    names = ['concepts', *(f'explanation/{stems[i]}' for i in (0, 1))]
    assert len(stems) == 3
    assert shown.names() == [(n, step) for step in (3, 4) for n in names]
    assert runner.recorder.seen == plain.recorder.seen
    assert len({seen[0] for seen in plain.recorder.seen}) == 4
    for name, value in expected['state_dict'].items():
        assert torch.equal(found['state_dict'][name], value), name
    for key in ('train/loss', 'train/decode.acc_seg', 'val/mIoU'):
        logged = [
            end.message_hub.get_scalar(key).data[0].tolist()
            for end in (plain, runner)
        ]
        assert logged[0] == logged[1], key
    assert not {'cfg', 'dataset_meta'} & vars(runner.model).keys()


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
    projection.update(before=9)
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


def test_other_hooks_that_watch_validations(train, shown):
    health = dict(type='mmproto.PrototypeHealthHook')
    metrics = dict(type='mmproto.ExplanationMetricsHook')
    evaluator = [
        dict(type='IoUMetric', iou_metrics=['mIoU']),
        dict(type='mmproto.ExplanationSizeMetric'),
    ]
    logged = []
    for hooks in ([], [hook_with()]):
        runner = train(
            *hooks, health, metrics, start=Runner.val, val_evaluator=evaluator
        )
        logged.append(
            {
                key: buffer.data[0].tolist()
                for key, buffer in runner.message_hub.log_scalars.items()
                if key.startswith('val/') and 'time' not in key
            }
        )
    assert logged[0] == logged[1]
    assert {'val/concepts_entropy', 'val/size/local_size_needed'} <= set(
        logged[0]
    )


def validate(rank, start, folder):
    """Validates as one of two ranks, and saves what it showed."""
    store = f'file://{folder}/store'
    torch.distributed.init_process_group(
        'gloo', init_method=store, rank=rank, world_size=2
    )
    (folder / str(rank)).write_bytes(pickle.dumps(list(start())))
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(
    torch.cuda.is_available(), reason='CUDA does not survive a fork'
)
def test_the_first_of_two_ranks_shows_what_one_does(train, shown, tmp_path):
    def start():
        train(hook_with(training_images=5), start=Runner.val)
        return shown

    context = torch.multiprocessing.get_context('fork')
    ranks = [
        context.Process(target=validate, args=(rank, start, tmp_path))
        for rank in (0, 1)
    ]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(60)
    assert [rank.exitcode for rank in ranks] == [0, 0]
    first, second = (
        pickle.loads((tmp_path / rank).read_bytes()) for rank in '01'
    )
    assert second == []
    (_, found, _), (_, expected, _) = first[0], start()[0]
    assert found == expected and found[0].patches


@pytest.mark.parametrize(
    'name', ['interval', 'images', 'concepts', 'training_images']
)
def test_numbers_below_one(name):
    with pytest.raises(ValueError, match=name):
        PrototypeVisualizationHook(**{name: 0})


def without_head(cfg):
    cfg.model.neck = None
    cfg.model.decode_head = dict(
        type='FCNHead',
        in_channels=128,
        in_index=3,
        channels=8,
        num_classes=4,
    )


@pytest.mark.parametrize(
    ('change', 'start', 'message'),
    [
        (
            lambda cfg: cfg.visualizer.update(type='SegLocalVisualizer'),
            Runner.val,
            "SegLocalVisualizer; .* visualizer = dict.type='mmproto.Prototype",
        ),
        (without_head, Runner.val, 'FCNHead; expected an mmproto.Prototype'),
        (lambda cfg: cfg.pop('test_pipeline'), Runner.train, 'test_pipeline'),
    ],
)
def test_mistakes_are_named_at_the_start(
    train, tiny_config, change, start, message
):
    tiny_config.visualizer.type = 'mmproto.PrototypeVisualizer'
    change(tiny_config)
    kind = {'visualizer.type': tiny_config.visualizer.type}
    with pytest.raises(ValueError, match=message):
        train(hook_with(), start=start, **kind)
