"""The command that clusters the latents of a checkpoint."""

import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmengine.runner import save_checkpoint
from mmengine.runner.checkpoint import weights_to_cpu
from mmseg.apis import init_model

TOOL = Path(__file__).parents[2] / 'tools' / 'init_prototypes.py'
VECTORS = 'decode_head.prototype_layer.vectors'
CLASSIFIER = 'decode_head.conv_seg.weight'


@pytest.fixture
def save(tiny_model, tiny_config, tmp_path):
    """Write config and checkpoint of the tiny model, with changes."""

    def call(drop=(), **changed):
        config, checkpoint = tmp_path / 'config.py', tmp_path / 'model.pth'
        tiny_config.dump(config)
        weights = dict(weights_to_cpu(tiny_model.state_dict()), **changed)
        for name in drop:
            del weights[name]
        dataset_meta = dict(tiny_model.dataset_meta, projection=dict(topk=1))
        meta = dict(dataset_meta=dataset_meta, iter=4)
        content = dict(meta=meta, state_dict=weights, optimizer={})
        save_checkpoint(content, str(checkpoint))
        return str(config), str(checkpoint)

    return call


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the tool as a script, and return the lines that it prints."""

    def call(*arguments):
        arguments = [str(argument) for argument in arguments]
        monkeypatch.setattr(sys, 'argv', [str(TOOL), *arguments])
        capsys.readouterr()
        runpy.run_path(str(TOOL), run_name='__main__')
        return capsys.readouterr().out.splitlines()

    return call


def test_writes_a_checkpoint_that_the_config_loads(save, run, tmp_path):
    config, checkpoint = save()
    before = Path(checkpoint).read_bytes()
    options = ('--cfg-options', 'model.decode_head.num_concepts=10')
    lines = run(config, checkpoint, '--device', 'cpu', *options)
    path = Path(lines[-1])
    assert path == tmp_path / 'model_clustered.pth'
    assert Path(checkpoint).read_bytes() == before
    assert lines[-2].startswith('20 prototypes from ')
    rows = [line.split() for line in lines[-6:-2]]
    assert [row[:2] for row in rows] == [
        ['road', '3'],
        ['wall', '3'],
        ['car', '2'],
        ['sign', '2'],
    ]
    new, old = torch.load(path, weights_only=True), torch.load(checkpoint)
    assert set(new) == {'meta', 'state_dict'} and new['meta']['iter'] == 4
    assert 'projection' not in new['meta']['dataset_meta']
    assert 'num_concepts=10' in new['meta']['cfg']
    changed = {
        name
        for name, value in old['state_dict'].items()
        if not torch.equal(value, new['state_dict'][name])
    }
    assert changed == {VECTORS, CLASSIFIER}
    cfg_options = {'model.decode_head.num_concepts': 10}
    model = init_model(config, str(path), 'cpu', cfg_options)
    assert torch.equal(
        model.decode_head.prototype_layer.vectors, new['state_dict'][VECTORS]
    )


def test_own_prototypes_of_the_checkpoint_do_not_matter(save, run, tmp_path):
    written = []
    changes = (
        {},
        dict(drop=(VECTORS, CLASSIFIER)),
        {VECTORS: torch.ones(3, 16), CLASSIFIER: torch.ones(4, 3, 1, 1)},
    )
    for number, changed in enumerate(changes):
        out = tmp_path / 'new' / f'{number}.pth'
        run(*save(**changed), '--out', out, '--min-cell-purity', 0.9)
        written.append(torch.load(out)['state_dict'])
    for weights in written[1:]:
        for name, value in written[0].items():
            assert torch.equal(weights[name], value), name


def test_options_change_what_is_written(save, run, tmp_path):
    config, checkpoint = save()
    plain = run(config, checkpoint, '--out', tmp_path / 'a.pth')
    shared = run(
        *(config, checkpoint, '--out', tmp_path / 'b.pth'),
        *('--class-power', 1, '--latents-per-class', 30),
    )
    assert [line.split()[1] for line in plain[-6:-2]] == ['2'] * 4
    rows = [line.split() for line in shared[-6:-2]]
    assert [row[1] for row in rows] == ['3', '3', '1', '1']
    assert {row[2] for row in rows[:3]} == {'30'}


def test_weights_that_do_not_fit_are_named(save, run, tmp_path):
    changed = {'neck.conv.weight': torch.ones(16, 64, 3, 3)}
    files = save(drop=('neck.norm.weight', VECTORS), **changed)
    with pytest.raises(SystemExit) as error:
        run(*files)
    message = str(error.value)
    assert 'Missing key(s) in state_dict: "neck.norm.weight". ' in message
    assert 'size mismatch for neck.conv.weight: ' in message
    assert '[16, 64, 3, 3]' in message and '[16, 128, 3, 3]' in message
    assert VECTORS not in message
    assert not (tmp_path / 'model_clustered.pth').exists()


def test_mistakes_end_in_a_sentence(save, run):
    config, checkpoint = save()
    with pytest.raises(SystemExit, match='never overwritten'):
        run(config, checkpoint, '--out', checkpoint)
    with pytest.raises(SystemExit, match='no checkpoint at nowhere.pth'):
        run(config, 'nowhere.pth')
    with pytest.raises(SystemExit, match='min_cell_purity must lie in'):
        run(config, checkpoint, '--min-cell-purity', 90)
    few = ('--cfg-options', 'model.decode_head.num_concepts=3')
    with pytest.raises(SystemExit, match='3 concepts .* 4 classes'):
        run(config, checkpoint, *few)
