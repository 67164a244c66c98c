"""One pass that finds the same places whatever the batches look like."""

import json

import numpy as np
import pytest
import torch
from projection_cases import batches, latents_of, places, train_images
from torch.utils.data import DataLoader

from mmproto.models.facts import ModelFacts
from mmproto.prototypes.projection import mean_similarity, project_prototypes


def nearest_by_hand(model, vectors, paths, topk):
    """Sort the best place of every image for every prototype."""
    found = [[] for _ in vectors]
    for path in paths:
        latents = latents_of(model, path)
        unit = latents / np.linalg.norm(latents, axis=-1, keepdims=True)
        for p, vector in enumerate(vectors):
            cosine = unit @ (vector / np.linalg.norm(vector))  # S,H,W
            s, r, c = np.unravel_index(cosine.argmax(), cosine.shape)
            found[p].append((-cosine[s, r, c], path, s, r, c, unit[s, r, c]))
    return [sorted(rows, key=lambda row: row[:5])[:topk] for rows in found]


def test_equals_brute_force(tiny_model, tiny_data, loader):
    layer = tiny_model.decode_head.prototype_layer
    vectors = layer.vectors.detach().double().numpy().copy()
    expected = nearest_by_hand(
        tiny_model, vectors, train_images(tiny_data), topk=4
    )
    record = project_prototypes(tiny_model, loader(), topk=4)
    assert places(record) == [[row[1:5] for row in rows] for rows in expected]
    for p, (found, rows) in enumerate(zip(record['prototypes'], expected)):
        assert (found['prototype'], found['concept']) == (p, p // 2)
        np.testing.assert_allclose(
            [patch['similarity'] for patch in found['patches']],
            [-row[0] for row in rows],
            atol=1e-5,
        )
        np.testing.assert_allclose(
            layer.vectors[p].detach(), rows[0][5], atol=1e-5
        )


@pytest.mark.parametrize(
    'changes',
    [
        dict(batch_size=3),
        dict(batch_size=8),
        dict(batch_size=3, num_workers=2),
        dict(sampler=dict(type='DefaultSampler', shuffle=True)),
    ],
)
def test_record_does_not_depend_on_the_loader(tiny_model, loader, changes):
    layer = tiny_model.decode_head.prototype_layer
    before = layer.vectors.detach().clone()
    expected = project_prototypes(tiny_model, loader(batch_size=1), topk=3)
    vectors = layer.vectors.detach().clone()
    layer.set_vectors(before)
    record = project_prototypes(tiny_model, loader(**changes), topk=3)
    assert record == expected
    assert torch.equal(layer.vectors, vectors)


def test_projected_prototypes_are_their_own_nearest(tiny_model, loader):
    first = project_prototypes(tiny_model, loader(), topk=2)
    again = project_prototypes(tiny_model, loader(), topk=1)
    assert mean_similarity(first) < 0.999
    assert mean_similarity(again) == pytest.approx(1, abs=1e-6)


def test_mine_only_records(tiny_model, loader):
    vectors = tiny_model.decode_head.prototype_layer.vectors
    before = vectors.detach().clone()
    record = project_prototypes(tiny_model, loader(), 2, mode='mine')
    assert torch.equal(vectors, before)
    assert record['mode'] == 'mine'
    project = project_prototypes(tiny_model, loader(), 2)
    assert project['prototypes'] == record['prototypes']


def test_record_is_plain_json(tiny_model, loader):
    record = project_prototypes(tiny_model, loader(), topk=50)
    assert json.loads(json.dumps(record)) == record
    assert record['dilations'] == [1, 2, 3]
    assert (record['version'], record['topk']) == (1, 50)
    # one place per image, however many are asked for
    for prototype in record['prototypes']:
        images = [patch['image'] for patch in prototype['patches']]
        assert len(images) == len(set(images)) == 6


def test_repeated_images_count_once(tiny_model, loader):
    once = project_prototypes(
        tiny_model, batches(loader, [0, 1, 2]), 3, 'mine'
    )
    twice = project_prototypes(
        tiny_model, batches(loader, [2, 0], [1, 0, 2]), 3, 'mine'
    )
    assert twice == once


@pytest.mark.parametrize('order', [(0, 1, 2), (2, 0, 1)])
def test_ties_go_to_the_first_path_scale_row_and_column(
    tiny_model, tiny_data, loader, order
):
    # a grey image without padding effects: the same latent everywhere
    tiny_model.extract_feat = lambda x: [torch.ones(1, 16, 2, 3)] * 2
    batch = batches(loader, [0, 1, 2])[0]
    batch = {key: [value[i] for i in order] for key, value in batch.items()}
    record = project_prototypes(tiny_model, [batch], topk=2, mode='mine')
    for found in places(record):
        assert [place[1:] for place in found] == [(0, 0, 0)] * 2
        assert [place[0] for place in found] == train_images(tiny_data)[:2]


def test_leaves_no_trace_on_training(tiny_model, loader):
    tiny_model.train()
    tiny_model.backbone.layer1.eval()
    modes = [module.training for module in tiny_model.modules()]
    statistics = tiny_model.neck.norm.running_mean.clone()
    random_state = torch.get_rng_state()
    project_prototypes(tiny_model, loader(), topk=1)
    assert [module.training for module in tiny_model.modules()] == modes
    assert torch.equal(tiny_model.neck.norm.running_mean, statistics)
    assert torch.equal(torch.get_rng_state(), random_state)
    vectors = tiny_model.decode_head.prototype_layer.vectors
    assert vectors.requires_grad and vectors.grad is None


def test_nothing_changes_when_it_fails_midway(tiny_model, loader):
    def broken():
        yield from batches(loader, [0, 1], [2])
        raise OSError('disk is gone')

    tiny_model.train()
    vectors = tiny_model.decode_head.prototype_layer.vectors
    before = vectors.detach().clone()
    with pytest.raises(OSError, match='disk is gone'):
        project_prototypes(tiny_model, broken(), topk=1)
    assert torch.equal(vectors, before)
    assert all(module.training for module in tiny_model.modules())


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(topk=0), 'topk must be at least 1'),
        (dict(mode='push'), "'project', 'mine'"),
        (dict(loader=[]), 'empty'),
    ],
)
def test_user_mistakes(tiny_model, loader, arguments, message):
    arguments = dict(loader=arguments.pop('loader', loader()), **arguments)
    with pytest.raises(ValueError, match=message):
        project_prototypes(tiny_model, **arguments)


def test_diverged_model_is_not_projected(tiny_model, loader):
    torch.nn.init.constant_(tiny_model.neck.conv.weight, float('nan'))
    with pytest.raises(ValueError, match='are not numbers'):
        project_prototypes(tiny_model, loader())


def test_sample_without_path_is_refused(tiny_model, loader):
    (batch,) = batches(loader, [0])
    del batch['data_samples'][0].img_path
    with pytest.raises(ValueError, match='img_path'):
        project_prototypes(tiny_model, [batch])


def test_dilations_of_the_scales_of_the_head(tiny_model):
    assert ModelFacts.of(tiny_model).dilations == [1, 2, 3]
    tiny_model.decode_head.in_index = (2, 0)
    assert ModelFacts.of(tiny_model).dilations == [3, 1]
    del tiny_model.neck
    assert ModelFacts.of(tiny_model).dilations is None


def test_loader_is_an_ordinary_data_loader(loader):
    assert isinstance(loader(), DataLoader)
    assert len(loader(batch_size=4)) == 2  # the last batch is not dropped
