import pytest
import torch

HOOK = dict(type='mmproto.ChannelsLastHook')


def is_converted(runner, outputs=None):
    weight = runner.model.backbone.layer2[0].conv1.weight
    return weight.is_contiguous(memory_format=torch.channels_last)


def test_layout_changes_and_training_does_not(build):
    def look(runner, outputs):
        return is_converted(runner), outputs['loss'].item()

    plain = build(look=look)
    plain.train()
    runner = build(HOOK, look=look)
    runner.train()
    layouts, losses = zip(*runner.recorder.seen)
    assert all(layouts)
    expected = [loss for _, loss in plain.recorder.seen]
    assert losses == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize('loop', ['val', 'test'])
def test_layout_of_a_model_that_is_only_evaluated(build, loop):
    runner = build(HOOK, val=True)
    getattr(runner, loop)()
    assert is_converted(runner)
    seen = []
    runner.model.backbone.layer4.register_forward_hook(
        lambda module, inputs, output: seen.append(output)
    )
    runner.model.extract_feat(torch.rand(1, 3, 64, 96))
    assert seen[0].is_contiguous(memory_format=torch.channels_last)
