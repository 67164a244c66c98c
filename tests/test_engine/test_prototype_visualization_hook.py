"""Sheets and pages of a training, which goes on as without them."""

import pickle
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from mmseg.apis import init_model
from visualization_runs import OF_PROJECTION, PROJECTION, hook_with, images

from mmproto.explanations.concepts import concept_usage, list_concepts
from mmproto.explanations.explain import explain
from mmproto.models.facts import ModelFacts
from mmproto.registry import TRANSFORMS
from mmproto.visualization.concept_pages import draw_pages
from mmproto.visualization.sheet import draw_sheet


@TRANSFORMS.register_module()
class DrawNumbers:
    """Draws from every generator, in the process of the training."""

    def __call__(self, results):
        random.random(), np.random.rand(), torch.rand(1)
        return results


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
    concepts = list_concepts(
        ModelFacts.of(model), concept_usage(ModelFacts.of(model), loader)
    )[:2]
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
