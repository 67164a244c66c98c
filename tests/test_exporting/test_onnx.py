"""The exported file computes what mmseg's own inference computes."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from mmseg.apis import inference_model, init_model
from mmseg.registry import MODELS

from mmproto.exporting import export_onnx
from mmproto.exporting.onnx_check import check_onnx
from mmproto.exporting.twins import TraceableASPP, make_traceable
from mmproto.models.necks import SharedASPP
from mmproto.models.prototype_layers import DistancePrototypes

NUMBERS = dict(num_classes=4, in_channels=16, channels=16)
# what replaces entries of the tiny config's head, neck and preprocessor
VARIANTS = dict(
    cosine={},
    bgr=dict(preprocessor=dict(bgr_to_rgb=False)),
    cut=dict(head=dict(inference_cut=0.1, scale_pooling='mean')),
    corners=dict(head=dict(align_corners=True, link='softmax')),
    softmax=dict(
        head=dict(prototype_layer=dict(type='mmproto.SoftmaxConcepts'))
    ),
    no_norm=dict(neck=dict(norm_cfg=None, dilations=(2, 20))),
    stages=dict(
        neck=dict(in_channels=[16, 128], in_index=[0, 3], mid_channels=8)
    ),
    pooled_stages=dict(
        neck=dict(
            in_channels=[16, 32, 128],
            in_index=[0, 1, 3],
            size_index=3,
            pool=3,
        )
    ),
    distance=dict(
        head=dict(
            prototype_layer=dict(type='mmproto.DistancePrototypes'),
            classifier=dict(type='mmproto.ClassSpecificConv2d'),
            link='softmax',
        )
    ),
    # four classes of six prototypes, two at each of three scales
    scaleprotoseg=dict(
        neck=dict(type='mmproto.SeparateASPP'),
        head=dict(
            prototypes_per_concept=3,
            prototype_layer=dict(
                type='mmproto.DistancePrototypes', per_scale=2
            ),
            concept_pooling=dict(type='mmproto.SimplexGroups'),
            classifier=dict(type='mmproto.ClassSpecificConv2d'),
            link='softmax',
        ),
    ),
)


@pytest.fixture
def build(tiny_config, tiny_model):
    """Build a variant of the tiny model, with weights that matter."""

    def call(name):
        changes = VARIANTS[name]
        cfg = tiny_config.model
        cfg.decode_head.merge(changes.get('head', {}))
        cfg.neck.update(changes.get('neck', {}))
        cfg.data_preprocessor.update(changes.get('preprocessor', {}))
        torch.manual_seed(1)
        model = MODELS.build(cfg)
        model.init_weights()
        with torch.no_grad():
            model.decode_head.conv_seg.weight.uniform_(-0.5, 1)
            for module in model.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.running_mean.uniform_(-0.1, 0.1)
                    module.weight.uniform_(0.5, 1.5)
            if isinstance(
                model.decode_head.prototype_layer, DistancePrototypes
            ):
                put_prototypes_on_latents(model.eval())
        model.cfg = tiny_config
        model.dataset_meta = tiny_model.dataset_meta
        return model.eval()

    return call


def put_prototypes_on_latents(model):
    """Put every prototype at a distance of about zero from some latent."""
    for module in model.neck.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_var.fill_(60**2)  # latents of about length one
    rgb = torch.tensor(images(1, 64, 96)).permute(0, 3, 1, 2).flip(1)
    inputs = model.data_preprocessor(dict(inputs=list(rgb)))['inputs']
    layer, head = model.decode_head.prototype_layer, model.decode_head
    latents = head.stack_scales(model.extract_feat(inputs))  # 1,S,D,H,W
    compared = layer.compared(latents.shape[1]).float().argmax(dim=0)
    for prototype, scale in enumerate(compared):
        cells = latents[0, scale].flatten(1).T
        layer.vectors[prototype] = cells[7 * prototype % len(cells)]


def images(number, height, width):
    rng = np.random.default_rng(height)
    return rng.integers(0, 256, (number, height, width, 3), dtype=np.uint8)


def assert_equal_to_mmseg(model, session):
    """Compare three sizes and two batch sizes, image by image, with mmseg."""
    model.cfg.test_pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='PackSegInputs'),
    ]
    activations = []
    head = model.decode_head
    handle = head.conv_seg.register_forward_pre_hook(
        lambda _, inputs: activations.append(inputs[0][0])
    )
    for size in ((64, 96), (97, 61), (200, 130)):
        for number in (1, 3):
            rgb = images(number, *size)
            fed = rgb.transpose(0, 3, 1, 2).astype(np.float32)
            logits, concepts = session.run(None, {'image': fed})
            activations.clear()
            for index in range(number):
                bgr = np.ascontiguousarray(rgb[index, :, :, ::-1])
                result = inference_model(model, bgr)
                for found, expected in (
                    (logits[index], result.seg_logits.data),
                    (concepts[index], activations[index]),
                ):
                    largest = max(1, float(expected.abs().max()))
                    np.testing.assert_allclose(
                        found, expected, rtol=0, atol=1e-4 * largest
                    )
                    assert found.std() > 1e-3
    handle.remove()


@pytest.mark.parametrize('name', VARIANTS)
def test_parity(build, tmp_path, name):
    model = build(name)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    error = export_onnx(model, tmp_path / 'new' / 'model.onnx')
    assert 0 < error < 1e-4
    session = onnxruntime.InferenceSession(tmp_path / 'new' / 'model.onnx')
    assert_equal_to_mmseg(model, session)
    # the model itself is what it was
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    assert not any(isinstance(m, TraceableASPP) for m in model.modules())


def test_shared_kernel_of_every_size():
    torch.manual_seed(0)
    neck = SharedASPP(3, 4, (1, 2, 5)).double()
    for size in ((1, 1), (2, 9), (5, 6), (12, 11)):
        maps = torch.randn(2, 3, *size, dtype=torch.float64)
        model = torch.nn.Sequential(SharedASPP(3, 4, (1, 2, 5)).double())
        model[0].load_state_dict(neck.state_dict())
        make_traceable(model)
        for rate, found in zip((1, 2, 5), model[0]((maps,))):
            expected = torch.nn.functional.conv2d(
                maps, neck.conv.weight, padding=rate, dilation=rate
            )
            torch.testing.assert_close(found, expected)


def test_distances_near_a_prototype():
    torch.manual_seed(0)
    layer = DistancePrototypes(6, 32, per_scale=1)
    latents = 30 + torch.randn(1, 3, 32, 2, 2)
    with torch.no_grad():
        layer.vectors[0] = latents[0, 0, :, 1, 1]  # distance 0
        layer.vectors[4] = latents[0, 1, :, 0, 1] + 1e-3
    layer.kept[5] = False
    expected = torch.full((3, 6, 2, 2), torch.inf)
    for prototype in range(5):
        scale = prototype % 3
        gap = latents[0, scale] - layer.vectors[prototype][:, None, None]
        expected[scale, prototype] = gap.double().square().sum(dim=0)
    activations = layer(latents)
    make_traceable(layer)
    found = layer.distances(latents)[0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-9)
    torch.testing.assert_close(layer(latents), activations)


def test_the_tool(trained, run, tmp_path):
    lines = run('export_onnx.py', *trained)
    assert lines[-1] == str(tmp_path / 'model.onnx')
    file = onnx.load(lines[-1])
    model = init_model(*trained, device='cpu')
    said = {p.key: json.loads(p.value) for p in file.metadata_props}
    assert said['classes'] == ['road', 'wall', 'car', 'sign']
    assert said['palette'] == model.dataset_meta['palette']
    assert said['link'] == 'share' and said['concept_names'] == {}
    # the metadata is enough to explain the logits at feature resolution
    session = onnxruntime.InferenceSession(lines[-1])
    rgb = images(1, 64, 96)
    fed = rgb.transpose(0, 3, 1, 2).astype(np.float32)
    logits, concepts = session.run(['logits', 'concepts'], {'image': fed})
    weights = np.array(said['class_weights'], np.float32)
    evidence = np.einsum('ck,nkhw->nchw', weights, concepts)
    resized = torch.nn.functional.interpolate(
        torch.tensor(evidence), (64, 96), mode='bilinear', align_corners=False
    )
    np.testing.assert_allclose(logits, resized, atol=1e-4)
    with pytest.raises(SystemExit, match='no checkpoint at nowhere.pth'):
        run('export_onnx.py', trained[0], 'nowhere.pth')


def test_the_tool_looks_first_whether_it_can_write(
    trained, run, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        'mmproto.checkpoints.derived.load_whole',
        lambda *_: pytest.fail('the model was loaded'),
    )
    for out in (tmp_path, tmp_path / 'model.pth' / 'new' / 'a.onnx'):
        message = f'^error: {out} cannot be written'
        with pytest.raises(SystemExit, match=message):
            run('export_onnx.py', *trained, '--out', out)


def test_wrong_files_are_refused(build, tmp_path, monkeypatch):
    model = build('cosine')
    # additions into views, which a trace loses
    monkeypatch.setattr('mmproto.exporting.twins.TWINS', {})
    with pytest.raises(ValueError, match='differs from the model'):
        export_onnx(model, tmp_path / 'model.onnx')
    assert list(tmp_path.glob('*.onnx')) == []


def test_not_a_number_is_refused(build, tmp_path):
    model = build('cosine')
    export_onnx(model, tmp_path / 'model.onnx')
    torch.nn.init.constant_(model.decode_head.conv_seg.weight, torch.nan)
    with pytest.raises(ValueError, match='differs from the model by nan'):
        check_onnx(model, tmp_path / 'model.onnx')


def test_missing_packages_are_named(build, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'onnx', None)
    with pytest.raises(ImportError, match=r'mmproto\[export\]'):
        export_onnx(build('cosine'), tmp_path / 'model.onnx')
