"""Projection moves prototypes: what was measured before is of old ones."""

import pytest
import torch
from mmseg.apis import init_model
from surrogates import LINE, black_box, build_surrogate

from mmproto.checkpoints.project import project_checkpoint
from mmproto.models.facts import ModelFacts


@pytest.mark.parametrize(
    'mode, line',
    [
        (
            'project',
            'surrogate; how far it agrees with the model was not measured',
        ),
        ('mine', LINE),
    ],
)
def test_agreement_of_other_prototypes(tiny_config, tmp_path, mode, line):
    model = build_surrogate(tiny_config, black_box())
    path = tmp_path / 'model.pth'
    meta = dict(dataset_meta=model.dataset_meta)
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    out = project_checkpoint(tiny_config, path, topk=1, mode=mode)
    found = ModelFacts.of(init_model(tiny_config, str(out), device='cpu'))
    assert found.surrogate.sentence() == line
    assert found.surrogate.black_box == 'fcn_street'
