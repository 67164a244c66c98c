"""mmseg's Python API works with configs and checkpoints of mmproto."""

import numpy as np
import pytest
import torch
from mmengine.runner import save_checkpoint
from mmseg.apis import MMSegInferencer, inference_model, init_model

CLASSES = ('road', 'wall', 'car', 'sign')


@pytest.fixture
def files(tiny_model, tiny_config, tmp_path):
    """Paths of a config and of a checkpoint with the model's weights."""
    config, checkpoint = tmp_path / 'tiny.py', tmp_path / 'tiny.pth'
    tiny_config.test_pipeline = tiny_config.test_dataloader.dataset.pipeline
    tiny_config.dump(config)
    meta = dict(dataset_meta=tiny_model.dataset_meta)
    state = tiny_model.state_dict()
    save_checkpoint(dict(meta=meta, state_dict=state), str(checkpoint))
    return str(config), str(checkpoint)


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (64, 96, 3), dtype=np.uint8)


def test_init_model_and_inference_model(files, image, tiny_model):
    model = init_model(*files, device='cpu')
    result = inference_model(model, image)
    data = dict(
        inputs=[torch.from_numpy(image.transpose(2, 0, 1).copy())],
        data_samples=[result],
    )
    with torch.no_grad():
        inputs = tiny_model.data_preprocessor(data, False)['inputs']
        evidence = tiny_model(inputs)  # features' resolution
    full = torch.nn.functional.interpolate(evidence, (64, 96), mode='bilinear')
    torch.testing.assert_close(result.seg_logits.data, full[0])
    assert model.dataset_meta['classes'] == CLASSES


def test_inferencer_takes_a_config_by_path(files, image):
    inferencer = MMSegInferencer(
        model=files[0], weights=files[1], device='cpu'
    )
    prediction = inferencer(image)['predictions']
    expected = inference_model(init_model(*files, device='cpu'), image)
    np.testing.assert_array_equal(
        prediction, expected.pred_sem_seg.data[0].numpy()
    )
