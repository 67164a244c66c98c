"""Sweeps on frozen features: what changes in the configs, and a real one."""

import pytest
from mmengine.config import Config
from mmengine.runner import Runner, save_checkpoint

from mmproto.ablation.frozen import on_features
from mmproto.ablation.runs import plan_runs
from mmproto.ablation.sweep import read_sweep


@pytest.fixture
def sweep(tiny_config, tmp_path):
    tiny_config.dump(tmp_path / 'tiny.py')
    path = tmp_path / 'sweep.py'
    path.write_text(
        "config = 'tiny.py'\n"
        'rows = dict(all={}, one=dict(options={'
        "'model.decode_head.num_concepts': 4}))\n"
    )
    return read_sweep(path)


@pytest.fixture
def checkpoint(tiny_model, tmp_path):
    """The tiny model; its head would fit the rows, too."""
    for weight in tiny_model.parameters():
        weight.data.mul_(1.01)
    path = tmp_path / 'box.pth'
    save_checkpoint(dict(state_dict=tiny_model.state_dict()), str(path))
    return path


def test_rows_share_features_of_the_given_backbone(
    sweep, checkpoint, tiny_model, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    runs = plan_runs(sweep, tmp_path, edit=on_features(checkpoint))
    frozen = tiny_model.state_dict()
    for run in runs:
        runner = Runner.from_cfg(
            Config(run.config | dict(work_dir=str(run.folder)))
        )
        runner.train()
        for name, value in runner.model.state_dict().items():
            if name.startswith('backbone.'):
                assert value.equal(frozen[name]), name
        head = runner.model.decode_head
        assert not head.conv_seg.weight.equal(
            frozen['decode_head.conv_seg.weight'][:, : head.num_concepts]
        )
    assert len(list((tmp_path / 'work_dirs/feature_cache').iterdir())) == 1


def test_other_changes_come_first(sweep, checkpoint, tmp_path):
    seen = []

    def edit(row, config):
        seen.append((row.name, 'init_cfg' in config['model']['backbone']))
        return config | dict(edited=True)

    runs = plan_runs(sweep, tmp_path, edit=on_features(checkpoint, edit))
    assert all(run.config['edited'] for run in runs)
    assert seen == [('all', False), ('one', False)]
    plain = plan_runs(sweep, tmp_path)
    assert plain[0].fingerprint != runs[0].fingerprint


def test_a_missing_checkpoint_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='no checkpoint at'):
        on_features(tmp_path / 'none.pth')
