"""One pass that finds the same places whatever the batches look like."""

import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmproto.models.decode_heads import PrototypeHead
from mmproto.projection import (
    mean_similarity,
    project_prototypes,
    projection_dataloader,
    scale_dilations,
)


@pytest.fixture
def loader(tiny_config):
    """Builds the derived loader, with changes."""

    def build(**changes):
        cfg = projection_dataloader(tiny_config)
        cfg.update(changes)
        return Runner.build_dataloader(cfg)

    return build


def places(record):
    return [
        [(p['image'], p['scale'], p['row'], p['col']) for p in q['patches']]
        for q in record['prototypes']
    ]


def latents_of(model, path):
    """Latents (S,H,W,D) of one image, preprocessed by hand in float64."""
    image = cv2.imread(path)[..., ::-1].astype(np.float64)
    image = (image - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
    image = torch.tensor(image).permute(2, 0, 1)[None]
    with torch.no_grad():
        maps = model.double().extract_feat(image)
    model.float()
    return np.stack([m[0].permute(1, 2, 0).numpy() for m in maps])


def nearest_by_hand(model, vectors, paths, topk):
    """Sorts the best place of every image for every prototype."""
    found = [[] for _ in vectors]
    for path in paths:
        latents = latents_of(model, path)
        unit = latents / np.linalg.norm(latents, axis=-1, keepdims=True)
        for p, vector in enumerate(vectors):
            cosine = unit @ (vector / np.linalg.norm(vector))  # S,H,W
            s, r, c = np.unravel_index(cosine.argmax(), cosine.shape)
            found[p].append((-cosine[s, r, c], path, s, r, c, unit[s, r, c]))
    return [sorted(rows, key=lambda row: row[:5])[:topk] for rows in found]


def train_images(tiny_data):
    folder = tiny_data / 'leftImg8bit' / 'train' / 'town'
    return sorted(str(path) for path in folder.iterdir())


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


def test_labels_lie_under_the_centre_of_the_cell(tiny_model, loader):
    record = project_prototypes(tiny_model, loader(), topk=6)
    patches = [q for p in record['prototypes'] for q in p['patches']]
    for patch in patches:
        assert patch['feature_size'] == [8, 12]
        assert patch['image_size'] == [64, 96]
        mask = patch['image'].replace('leftImg8bit.png', '')
        mask = mask.replace('leftImg8bit', 'gtFine')
        labels = cv2.imread(mask + 'gtFine_labelTrainIds.png', -1)
        label = labels[8 * patch['row'] + 4, 8 * patch['col'] + 4]
        assert patch['label'] == label
    assert len({patch['label'] for patch in patches}) > 1


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
    # one place an image, however many are asked for
    for prototype in record['prototypes']:
        images = [patch['image'] for patch in prototype['patches']]
        assert len(images) == len(set(images)) == 6


def batches(loader, *indices):
    """Batches of chosen images, as a mere list."""
    dataset = loader().dataset
    return [
        dict(
            inputs=[dataset[i]['inputs'] for i in batch],
            data_samples=[dataset[i]['data_samples'] for i in batch],
        )
        for batch in indices
    ]


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


def test_images_of_different_size_share_a_batch(tiny_model, loader):
    (batch,) = batches(loader, [0, 1])
    batch['inputs'][1] = batch['inputs'][1][:, :48, :64]
    batch['data_samples'][1].set_metainfo(dict(ori_shape=(48, 64)))
    record = project_prototypes(tiny_model, [batch], topk=2)
    sizes = {
        (*patch['feature_size'], *patch['image_size'])
        for prototype in record['prototypes']
        for patch in prototype['patches']
    }
    assert sizes == {(8, 12, 64, 96), (6, 8, 48, 64)}


def test_padding_is_no_place_and_moves_no_label(tiny_model, loader):
    plain = project_prototypes(tiny_model, loader(), 6, 'mine')
    assert any(  # else nothing would reach into the padding
        place[2] == 7 or place[3] == 11
        for found in places(plain)
        for place in found
    )
    tiny_model.data_preprocessor.test_cfg = dict(size=(96, 160))
    record = project_prototypes(tiny_model, loader(), 6, 'mine')
    for prototype in record['prototypes']:
        for patch in prototype['patches']:
            assert patch['feature_size'] == [12, 20]
            assert patch['image_size'] == [96, 160]
            assert patch['row'] < 8 and patch['col'] < 12
            labels = patch['image'].replace('leftImg8bit', 'gtFine')
            labels = labels.replace('_gtFine.', '_gtFine_labelTrainIds.')
            centre = 8 * patch['row'] + 4, 8 * patch['col'] + 4
            assert patch['label'] == cv2.imread(labels, -1)[centre]


def test_resized_images_are_recorded_in_their_own_pixels(tiny_model, loader):
    cfg = projection_dataloader(tiny_model.cfg)
    resize = dict(type='Resize', scale=(192, 128))
    cfg.dataset.pipeline.insert(1, resize)
    record = project_prototypes(tiny_model, Runner.build_dataloader(cfg), 1)
    for prototype in record['prototypes']:
        (patch,) = prototype['patches']
        assert patch['feature_size'] == [16, 24]
        assert patch['image_size'] == [64, 96]


def test_label_is_void_without_ground_truth(tiny_model, loader):
    (batch,) = batches(loader, [0, 1])
    for sample in batch['data_samples']:
        del sample.gt_sem_seg
    record = project_prototypes(tiny_model, [batch], topk=1)
    assert {p['patches'][0]['label'] for p in record['prototypes']} == {255}


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


def with_layer(model, name):
    """Exchanges the head of the tiny model for one with another layer."""
    torch.manual_seed(0)
    model.decode_head = PrototypeHead(
        16, 16, num_classes=4, num_concepts=8, prototype_layer=dict(type=name)
        if name != 'mmproto.SoftmaxConcepts'
        else dict(type=name),
    )  # fmt: skip
    return model.eval()


def test_distance_prototypes_become_latents(tiny_model, loader):
    model = with_layer(tiny_model, 'mmproto.DistancePrototypes')
    first = project_prototypes(model, loader(), topk=1)
    assert mean_similarity(first) < -1e-2
    again = project_prototypes(model, loader(), topk=1)
    assert mean_similarity(again) == pytest.approx(0, abs=1e-6)


def class_specific(model, number=8):
    """Gives the tiny model prototypes that belong to one class each."""
    torch.manual_seed(1)
    model.decode_head = PrototypeHead(
        16,
        16,
        num_classes=4,
        num_concepts=number,
        prototype_layer=dict(type='mmproto.DistancePrototypes'),
        classifier=dict(type='mmproto.ClassSpecificConv2d'),
        link='softmax',
    )
    return model.eval()


def test_own_class_gives_the_nearest_latent_of_the_class(
    tiny_model, tiny_data, loader
):
    model = class_specific(tiny_model)
    layer = model.decode_head.prototype_layer
    before = layer.vectors.detach().double().numpy().copy()
    found = [(np.inf, None)] * 8
    batch_of = {s.img_path: s for b in loader() for s in b['data_samples']}
    for path in train_images(tiny_data):
        latents = latents_of(model, path)  # S,H,W,D
        labels = batch_of[path].gt_sem_seg.data[0].numpy()
        stride = labels.shape[0] // latents.shape[1]
        centres = labels[stride // 2 :: stride, stride // 2 :: stride]
        for p in range(8):
            own = latents[:, centres == p // 2]  # S,n,D
            for latent in own.reshape(-1, own.shape[-1]):
                distance = ((latent - before[p]) ** 2).sum()
                found[p] = min(
                    found[p], (distance, latent), key=lambda f: f[0]
                )
    record = project_prototypes(model, loader(), topk=3, own_class=True)
    expected = np.stack([latent for _, latent in found])
    np.testing.assert_allclose(layer.vectors.detach(), expected, atol=1e-5)
    for p, prototype in enumerate(record['prototypes']):
        first = prototype['patches'][0]
        assert first['label'] == p // 2
        assert first['similarity'] == pytest.approx(0, abs=1e-8)
    # the record holds the nearest places of any class
    again = project_prototypes(model, loader(), topk=3, mode='mine')
    assert places(again) == places(record)


def test_a_class_that_does_not_occur_keeps_its_prototypes(tiny_model, loader):
    model = class_specific(tiny_model)
    layer = model.decode_head.prototype_layer
    before = layer.vectors.detach().clone()
    found = list(loader())
    for batch in found:
        for sample in batch['data_samples']:
            labels = sample.gt_sem_seg.data
            labels[labels == 3] = 255
    project_prototypes(model, found, topk=1, own_class=True)
    same = (layer.vectors == before).all(dim=1)
    assert same.tolist() == 6 * [False] + 2 * [True]
    for batch in found:
        for sample in batch['data_samples']:
            sample.gt_sem_seg.data[:] = 255
    with pytest.raises(ValueError, match='of the class of any prototype'):
        project_prototypes(model, found, topk=1, own_class=True)


def test_softmax_concepts_can_only_be_mined(tiny_model, loader):
    model = with_layer(tiny_model, 'mmproto.SoftmaxConcepts')
    with pytest.raises(ValueError, match="mode='mine'"):
        project_prototypes(model, loader())
    record = project_prototypes(model, loader(), topk=1, mode='mine')
    assert len(record['prototypes']) == 8


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
    assert scale_dilations(tiny_model) == [1, 2, 3]
    tiny_model.decode_head.in_index = (2, 0)
    assert scale_dilations(tiny_model) == [3, 1]
    del tiny_model.neck
    assert scale_dilations(tiny_model) is None


def test_loader_is_an_ordinary_data_loader(loader):
    assert isinstance(loader(), DataLoader)
    assert len(loader(batch_size=4)) == 2  # the last batch is not dropped
