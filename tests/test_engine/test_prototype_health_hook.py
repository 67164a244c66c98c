import pytest
import torch

from mmproto.evaluation.functional.concept_usage import measure_batch

NAMES = ('dead', 'one_image', 'duplicates', 'entropy', 'effective')


def health(**kwargs):
    return dict(type='mmproto.PrototypeHealthHook', **kwargs)


def logged(runner):
    hub = runner.message_hub
    return {n: hub.get_scalar(f'val/concepts_{n}').current() for n in NAMES}


def hooks_left(runner):
    return len(runner.model.decode_head.conv_seg._forward_pre_hooks)


def reference(runner, threshold):
    """The same numbers from one tensor of all activations."""
    model = runner.model.eval()
    with torch.no_grad():
        maps = torch.cat(
            [
                model.decode_head.activations(
                    model.extract_feat(
                        model.data_preprocessor(batch, False)['inputs']
                    )
                )[0]
                for batch in runner.val_dataloader
            ]
        )
    seen = (maps.amax((2, 3)) > threshold).sum(0)
    share = maps.double().sum((0, 2, 3)) / maps.double().sum()
    return dict(
        dead=(seen == 0).sum().item(),
        one_image=(seen == 1).sum().item(),
        entropy=-(share * share.log()).sum().item(),
        effective=(-(share * share.log()).sum()).exp().item(),
    )


def test_numbers_of_a_validation(build, caplog):
    runner = build(health(dead_threshold=0.5), val=True)
    runner.logger.setLevel('WARNING')
    runner.logger.addHandler(caplog.handler)
    with torch.no_grad():
        vectors = runner.model.decode_head.prototype_layer.vectors
        vectors[9] = 2 * vectors[4]
        # Prototypes 4 and 5 are all of concept 2, and may be alike.
        vectors[5] = vectors[4]
    runner.val()
    found = logged(runner)
    expected = reference(runner, 0.5)
    assert found.pop('duplicates') == 2
    assert found == pytest.approx(expected, rel=1e-4)
    assert ': (4, 9), (5, 9)' in caplog.text
    assert hooks_left(runner) == 0


def test_slide_inference_counts_images_not_windows(build):
    runner = build(
        health(),
        val=True,
        **{
            'model.test_cfg': dict(
                mode='slide', crop_size=(32, 48), stride=(32, 48)
            )
        },
    )
    (hook,) = (h for h in runner.hooks if type(h).__name__.endswith('lthHook'))
    runner.val()
    # Three images of 64x96 pixels at an eighth of the size, in four windows.
    assert hook._usage.counts.tolist() == [3, 3 * 8 * 12]


def test_concepts_without_vectors_compare_maps(build):
    layer = dict(_delete_=True, type='mmproto.SoftmaxConcepts')
    runner = build(
        health(),
        val=True,
        **{
            'model.decode_head.prototype_layer': layer,
            'model.decode_head.prototypes_per_concept': 1,
            'model.decode_head.in_channels': 16,
            'model.decode_head.channels': 16,
            'model.decode_head.num_concepts': 16,
        },
    )
    forward = runner.model.decode_head.prototype_layer.forward

    def twins(latents):
        maps = forward(latents)
        maps[:, :, 3] = maps[:, :, 11]
        return maps

    runner.model.decode_head.prototype_layer.forward = twins
    (hook,) = (h for h in runner.hooks if type(h).__name__.endswith('lthHook'))
    hook.duplicate_cosine = 0.999999
    runner.val()
    assert logged(runner)['duplicates'] >= 1


def test_interval_and_no_torch_hook_left(build, monkeypatch):
    calls = []
    monkeypatch.setattr(
        'mmproto.engine.hooks.prototype_health_hook.measure_batch',
        lambda *args: calls.append(1) or measure_batch(*args),
    )
    runner = build(
        health(interval=2),
        val=True,
        look=lambda runner, outputs: (len(calls), hooks_left(runner)),
        **{'train_cfg.val_interval': 1},
    )
    runner.train()
    # Three batches each in the second and fourth validation, none in others.
    assert runner.recorder.seen == [(0, 0), (0, 0), (3, 0), (3, 0)]
    assert len(calls) == 6 and hooks_left(runner) == 0


def test_failed_validation_leaves_no_second_listener(build):
    runner = build(health(), val=True)
    process = runner.val_loop.evaluator.process

    def fail(*args, **kwargs):
        raise RuntimeError('disk full')

    runner.val_loop.evaluator.process = fail
    with pytest.raises(RuntimeError, match='disk full'):
        runner.val()
    runner.val_loop.evaluator.process = process
    (hook,) = (h for h in runner.hooks if type(h).__name__.endswith('lthHook'))
    runner.val()
    assert hook._usage.counts.tolist()[0] == 3
    assert hooks_left(runner) == 0


def test_vectors_of_the_averaged_model_are_judged(build):
    """Both orders of the hooks look at what was validated."""
    runner = build(dict(type='EMAHook'), health(), val=True)
    ema = next(h for h in runner.hooks if type(h).__name__ == 'EMAHook')
    start = ema.before_run

    def with_twins(runner):
        start(runner)
        vectors = ema.ema_model.module.decode_head.prototype_layer.vectors
        vectors.data[2] = vectors.data[0]

    ema.before_run = with_twins
    runner.val()
    assert logged(runner)['duplicates'] == 1


@pytest.mark.parametrize(
    'arguments',
    [dict(interval=0), dict(dead_threshold=2), dict(duplicate_cosine=-0.1)],
)
def test_mistakes(build, arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        build(health(**arguments))
