"""The commands that project, explain and list concepts."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmseg.apis import init_model

from mmproto.explanations.concepts import concept_usage, list_concepts
from mmproto.models.facts import ModelFacts
from mmproto.prototypes.features import evaluating


def origin(config, checkpoint):
    """Read what a file says about its model."""
    digest = hashlib.sha256(Path(checkpoint).read_bytes()).hexdigest()
    return dict(config=config, checkpoint=checkpoint, sha256=digest)


def test_project_writes_a_new_checkpoint(trained, run, tmp_path):
    before = Path(trained[1]).read_bytes()
    lines = run('project.py', *trained, '--topk', 2, '--device', 'cpu')
    path = Path(lines[-1])
    assert path == tmp_path / 'model_projected.pth'
    assert Path(trained[1]).read_bytes() == before
    new, old = torch.load(path, weights_only=True), torch.load(trained[1])
    assert set(new) == {'meta', 'state_dict'} and new['meta']['iter'] == 4
    changed = {
        name
        for name, value in old['state_dict'].items()
        if not torch.equal(value, new['state_dict'][name])
    }
    assert changed == {'decode_head.prototype_layer.vectors'}
    record = new['meta']['dataset_meta']['projection']
    file = tmp_path / 'model_projected.projection.json'
    assert json.loads(file.read_text()) == record
    model = init_model(*map(str, (trained[0], path)), device='cpu')
    assert model.dataset_meta['projection'] == record


def test_project_refuses_to_overwrite(trained, run):
    with pytest.raises(SystemExit, match='never overwritten'):
        run('project.py', *trained, '--out', trained[1])
    with pytest.raises(SystemExit, match='no checkpoint at nowhere.pth'):
        run('project.py', trained[0], 'nowhere.pth')


def test_mine_changes_no_weights(trained, run, tmp_path):
    out = tmp_path / 'new' / 'mined.pth'
    run('project.py', *trained, '--mode', 'mine', '--out', out)
    new, old = torch.load(out), torch.load(trained[1])
    for name, value in old['state_dict'].items():
        assert torch.equal(value, new['state_dict'][name])
    assert new['meta']['dataset_meta']['projection']['mode'] == 'mine'


def test_explain_prints_the_path_last(trained, run, tiny_data, tmp_path):
    image = next((tiny_data / 'leftImg8bit/val/town').iterdir())
    out = tmp_path / 'explained'
    lines = run('explain.py', *trained, image, '--point', 10, 20, '--out', out)
    assert lines[-1] == str(out / 'explanation.png')
    assert 'because of concept' in lines[-2]
    data = json.loads((out / 'explanation.json').read_text())
    assert data['point'] == dict(x=10, y=20)
    assert data['model'] == origin(*trained)
    with pytest.raises(SystemExit, match='outside the image'):
        run('explain.py', *trained, image, '--point', 96, 0)
    with pytest.raises(SystemExit, match='no image at gone.png'):
        run('explain.py', *trained, 'gone.png')
    with pytest.raises(SystemExit, match='--out is a folder'):
        run('explain.py', *trained, image, '--out', image)
    taken = tmp_path / 'taken'
    taken.touch()
    with pytest.raises(SystemExit, match='cannot be written'):
        run('explain.py', *trained, image, '--out', taken)


@pytest.mark.parametrize(
    ('tool', 'rest'),
    [
        ('explain.py', ['image.png']),
        ('analysis_tools/list_concepts.py', []),
        ('analysis_tools/confusions_by_concept.py', []),
    ],
)
def test_checkpoints_of_other_configs_are_refused(
    trained, run, tmp_path, tool, rest
):
    config, checkpoint = trained
    loaded = torch.load(checkpoint, weights_only=False)
    del loaded['state_dict']['backbone.stem.0.weight']
    other = tmp_path / 'other.pth'
    torch.save(loaded, other)
    with pytest.raises(SystemExit, match='does not fit the config'):
        run(tool, config, other, *rest, '--out', tmp_path / 'out')


def test_explain_makes_pages(trained, run, tiny_data, tmp_path):
    folder = tiny_data / 'leftImg8bit' / 'val' / 'town'
    images = sorted(folder.iterdir())[:2]
    out = tmp_path / 'new' / 'explain.html'
    lines = run('explain.py', *trained, '--out', out, images[0])
    assert lines[-1] == str(out) and out.is_file()
    lines = run('explain.py', *trained, *images, '--out', out)
    assert lines[-1] == str(out)
    assert sorted(path.name for path in out.parent.iterdir()) == [
        'explain.html',
        'explain_1.html',
        'explain_2.html',
    ]
    with pytest.raises(SystemExit, match='several need a page'):
        run('explain.py', *trained, *images, '--out', tmp_path / 'folder')
    with pytest.raises(SystemExit, match='are for a page'):
        run('explain.py', *trained, images[0], '--patches', 'none')
    with pytest.raises(SystemExit, match='no label map at gone.png'):
        run(
            'explain.py', *trained, images[0], '--out', out,
            '--labels', 'gone.png',
        )  # fmt: skip


def test_list_concepts(trained, run, tmp_path):
    path = run('project.py', *trained, '--topk', 2)[-1]
    out = tmp_path / 'concepts'
    tool = 'analysis_tools/list_concepts.py'
    lines = run(tool, trained[0], path, '--out', out)
    assert 'of 8 concepts speak for a class' in lines[-4]
    assert lines[-3:] == [
        str(out / 'concepts.json'),
        str(out / 'concepts.csv'),
        str(out / 'concepts_01.png'),
    ]
    sentences = [line for line in lines if line.startswith('concept ')]
    assert len(sentences) == 8
    first = next(line for line in sentences if line.startswith('concept 6:'))
    assert 'concept 6: road 12.29, wall 3.68, sign 1.29 (' in first
    table = json.loads((out / 'concepts.json').read_text())
    assert table['model'] == origin(trained[0], path)
    # two for each of its prototypes
    assert len(table['concepts'][0]['patches']) == 4
    assert table['num_images'] == 3  # of the validation
    assert cv2.imread(lines[-1]).shape[1] == 1300


@pytest.mark.smoke
def test_list_concepts_says_what_it_leaves_out(trained, run, tmp_path):
    config, checkpoint = trained
    loaded = torch.load(checkpoint, weights_only=False)
    loaded['state_dict']['decode_head.conv_seg.weight'][:, [0, 3]] = 0
    torch.save(loaded, checkpoint)
    tool = 'analysis_tools/list_concepts.py'
    lines = run(tool, config, checkpoint, '--out', tmp_path / 'concepts')
    assert lines[-4].startswith('2 concepts contribute to no class')
    said = [line for line in lines if line.startswith('concept ')]
    assert len(said) == 8
    assert sum(': no class (mean' in line for line in said) == 2
    wrong = f'{config}/new'
    with pytest.raises(SystemExit, match=f'^error: {wrong}/.* cannot be wri'):
        run(tool, config, 'gone.pth', '--out', wrong)


def batches_of(dataset):
    for sample in dataset:
        yield {key: [value] for key, value in sample.items()}


def test_usage_equals_a_loop_over_cells(tiny_model, tiny_config):
    from mmengine.runner import Runner

    with torch.no_grad():
        tiny_model.decode_head.conv_seg.weight.uniform_(-0.5, 1)
    loader = Runner.build_dataloader(tiny_config.val_dataloader)
    usage = concept_usage(ModelFacts.of(tiny_model), loader)
    head = tiny_model.decode_head
    activations = []
    with evaluating(tiny_model):
        for batch in batches_of(loader.dataset):
            data = tiny_model.data_preprocessor(batch, False)
            maps = tiny_model.extract_feat(data['inputs'])
            activations += head.activations(maps)[0][0].flatten(1).T
    top = torch.zeros(8)
    needed = []
    for activation in activations:  # K
        contributions = head.class_weights * activation  # C,K
        winning = contributions[contributions.sum(1).argmax()]
        top[winning.argmax()] += 1
        largest = sorted(winning.tolist(), reverse=True)
        sums = [sum(largest[: n + 1]) for n in range(8)]
        needed.append(1 + sum(s < 0.95 * sums[-1] for s in sums))
    assert torch.equal(usage.top_share, top.double() / len(activations))
    assert usage.decision_size == pytest.approx(np.mean(needed), abs=0.01)
    expected = torch.stack(activations).mean(0)
    torch.testing.assert_close(usage.mean_activation.float(), expected)
    listed = list_concepts(ModelFacts.of(tiny_model), usage)
    shares = [concept.top_share for concept in listed]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert all(concept.patches == [] for concept in listed)


def test_concepts_without_evidence_decide_nothing(tiny_model, tiny_config):
    from mmengine.runner import Runner

    torch.nn.init.zeros_(tiny_model.decode_head.conv_seg.weight)
    loader = Runner.build_dataloader(tiny_config.val_dataloader)
    usage = concept_usage(ModelFacts.of(tiny_model), loader)
    assert usage.decision_size == 0
    listed = list_concepts(ModelFacts.of(tiny_model), usage)
    assert all(concept.top_share == 0 for concept in listed)
    assert 'no class' in listed[0].sentence()
    with pytest.raises(ValueError, match='empty'):
        concept_usage(ModelFacts.of(tiny_model), [])


def test_benchmark_runs(trained, run):
    lines = run(
        'analysis_tools/benchmark_projection.py',
        *('--config', trained[0], '--size', 32, 64, '--repeats', 1),
    )
    assert lines[-1].startswith('ratio')
