"""A user's config, somewhere else, that inherits ours and changes 3 lines."""

import pytest

from mmproto.datasets.street_scenes.writer import write_street_scenes

USER_CONFIG = """
_base_ = 'mmproto::proto_street_toy.py'
train_dataloader = dict(batch_size=2, dataset=dict(data_root='{data}'))
val_dataloader = dict(dataset=dict(data_root='{data}'))
train_cfg = dict(max_iters=8)
"""


@pytest.mark.smoke
def test_user_config_trains(tmp_path, monkeypatch, run):
    folder = tmp_path / 'elsewhere'
    folder.mkdir()
    write_street_scenes(str(folder / 'scenes'), 4, 2, 0, (64, 128))
    config = folder / 'mine.py'
    config.write_text(USER_CONFIG.format(data=folder / 'scenes'))
    monkeypatch.chdir(folder)
    monkeypatch.setenv('LOCAL_RANK', '0')
    # without the weights package: what trains is not the point here
    options = ['--cfg-options', 'model.backbone.init_cfg=None']
    run('train.py', config, *options)
    assert (folder / 'work_dirs' / 'mine' / 'iter_8.pth').is_file()
