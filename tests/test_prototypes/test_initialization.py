"""Prototypes of a model from its latents, whatever the loader looks like."""

import os
import socket
from dataclasses import replace

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS

from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.prototypes.features import evaluating, iterate_features
from mmproto.prototypes.init_options import InitOptions
from mmproto.prototypes.initialization import _draw, init_prototypes

# images of rank 0 and of rank 1; image 0 is given to both
SHARES = ([[0, 2, 3, 5], [4, 1, 0]], [[0, 1, 2, 3, 4, 5], []])
SMALL = InitOptions(
    pixels_per_class=6,
    latents_per_class=25,
    min_cell_purity=0.9,
    class_power=0.5,
)


def result(model, loader, options):
    """Return prototypes, class weights and counts."""
    report = init_prototypes(model, loader, options)
    head = model.decode_head
    tensors = [head.prototype_layer.vectors, head.conv_seg.weight]
    tensors += [report.pixels, report.cells, report.concepts, report.cosine]
    return [tensor.detach().clone() for tensor in tensors]


def assert_same(first, second):
    for a, b in zip(first, second):
        assert torch.equal(a, b)


def test_initialised_model_holds_its_clusters(tiny_model, loader):
    head = tiny_model.decode_head
    before = head.prototype_layer.vectors.detach().clone()
    report = init_prototypes(
        tiny_model, loader(), InitOptions(pixels_per_class=5)
    )
    vectors = head.prototype_layer.vectors
    assert not torch.allclose(vectors, before)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(16))
    columns = head.class_weights.sum(dim=0)
    torch.testing.assert_close(columns, torch.ones_like(columns))
    assert report.concepts.tolist() == [2, 2, 2, 2]
    assert report.zeros == float((head.class_weights == 0).float().mean())


def all_latents(model, loader):
    """Collect unit latents (n,D) of labelled cells, and labels."""
    latents, labels = [], []
    with evaluating(model):
        for image in iterate_features(model, loader):
            maps = torch.stack([m[0] for m in image.maps])  # S,D,8,12
            for row in range(8):
                for column in range(12):
                    label = image.label_map[8 * row + 4, 8 * column + 4]
                    latents += [scale[:, row, column] for scale in maps]
                    labels += [int(label)] * len(maps)
    latents = torch.stack(latents)
    return latents / latents.norm(dim=1, keepdim=True), torch.tensor(labels)


def test_report_equals_a_count_by_hand(tiny_model, loader):
    everything = InitOptions(pixels_per_class=999, min_share=0.0)
    report = init_prototypes(tiny_model, loader(), everything)
    latents, labels = all_latents(tiny_model, loader())
    vectors = tiny_model.decode_head.prototype_layer.vectors
    nearest = (vectors.detach() @ latents.T).amax(dim=1)
    torch.testing.assert_close(report.cosine, nearest.view(8, 2))
    assert report.cells.tolist() == [
        int((labels == c).sum()) // 3 for c in range(4)
    ]
    maps = [i.gt_sem_seg.data for b in loader() for i in b['data_samples']]
    assert report.pixels.tolist() == [
        sum(int((m == c).sum()) for m in maps) for c in range(4)
    ]
    for c, cosine in enumerate(report.class_cosines()):
        assert cosine == pytest.approx(
            float(nearest[4 * c : 4 * c + 4].mean())
        )


@pytest.mark.parametrize(
    'options',
    [
        InitOptions(latents_per_class=25),
        SMALL,
        replace(SMALL, other_sizes=(2,)),
    ],
)
def test_does_not_depend_on_the_loader(tiny_model, loader, options):
    expected = result(tiny_model, loader(), options)
    for changes in (
        dict(batch_size=4, num_workers=2),
        dict(sampler=dict(type='DefaultSampler', shuffle=True)),
    ):
        assert_same(result(tiny_model, loader(**changes), options), expected)
    other = InitOptions(seed=1, latents_per_class=25)
    assert not torch.equal(result(tiny_model, loader(), other)[0], expected[0])


def build(config):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    return MODELS.build(Config.fromfile(config).model)


def batches(config, images):
    cfg = projection_dataloader(Config.fromfile(config))
    dataset = Runner.build_dataloader(cfg).dataset
    for image in images:
        yield {key: [value] for key, value in dataset[image].items()}


def run_rank(rank, port, config, folder):
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    dist.init_process_group('gloo', rank=rank, world_size=2)
    found = [
        result(build(config), batches(config, share[rank]), SMALL)
        for share in SHARES
    ]
    torch.save(found, f'{folder}/rank_{rank}.pth')
    dist.destroy_process_group()


def test_two_ranks_equal_one_process(tiny_config, tmp_path):
    config = str(tmp_path / 'config.py')
    tiny_config.dump(config)
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    torch.multiprocessing.spawn(
        run_rank, (port, config, str(tmp_path)), nprocs=2
    )
    single = result(build(config), batches(config, range(6)), SMALL)
    for rank in range(2):
        for found in torch.load(tmp_path / f'rank_{rank}.pth'):
            assert_same(found, single)


def test_pure_cells_are_clustered(tiny_model, loader):
    many = InitOptions(pixels_per_class=999, min_cell_purity=1.0)
    report = init_prototypes(tiny_model, loader(), many)
    pure = 0
    for batch in loader(batch_size=1):
        labels = batch['data_samples'][0].gt_sem_seg.data[0]
        for y in range(0, 64, 8):
            for x in range(0, 96, 8):
                cell = labels[y : y + 8, x : x + 8]
                pure += bool((cell == 1).all())
    assert report.cells[1] == pure  # more than ten times its four clusters


def test_prototypes_are_the_looks_at_each_size(tiny_model, loader):
    """Find prototypes again in images that the loader resizes."""
    options = InitOptions(pixels_per_class=999, other_sizes=[0.5])
    init_prototypes(tiny_model, loader(), options)
    head = tiny_model.decode_head
    seen = []
    with evaluating(tiny_model):
        for batch in loader():
            for image in tiny_model.data_preprocessor(batch)['inputs']:
                half = F.interpolate(
                    image[None], (32, 48), mode='bilinear', antialias=True
                )
                full, small = (
                    torch.cat(tiny_model.extract_feat(shown))
                    for shown in (image[None], half)
                )
                small = F.normalize(small, dim=1)
                small = F.interpolate(small, full.shape[2:], mode='bilinear')
                seen.append(torch.cat([full, small]))  # Z*S,D,8,12
    cells = torch.stack(seen).permute(0, 3, 4, 1, 2).flatten(0, 2)
    cells = F.normalize(cells, dim=2).unflatten(1, (2, 3))  # n,Z,S,D
    _, labels = all_latents(tiny_model, loader())
    vectors = head.prototype_layer.vectors.detach().view(8, 2, -1)
    # each concept is the mean of the cells of its class nearest to it
    for label in range(4):
        own = cells[labels[::3] == label]
        pair = vectors[2 * label : 2 * label + 2]  # 2 concepts, Z, D
        nearer = (own.sum(dim=2)[:, None] * pair).sum(dim=(2, 3)).argmax(1)
        for concept in range(2):
            mean = own[nearer == concept].sum(dim=(0, 2))  # Z,D
            cosine = (F.normalize(mean, dim=1) * pair[concept]).sum(dim=1)
            assert cosine.min() > 0.98, (label, concept)


def test_a_share_of_images_is_looked_at(tiny_model, loader):
    everything = InitOptions(pixels_per_class=999)
    full = init_prototypes(tiny_model, loader(), everything)
    half = InitOptions(pixels_per_class=999, image_share=0.5)
    report = init_prototypes(tiny_model, loader(), half)
    assert 0 < report.cells.sum() < full.cells.sum()
    assert 0 < report.pixels.sum() < full.pixels.sum()


def test_a_concept_needs_a_prototype_for_each_size(tiny_model, loader):
    options = InitOptions(other_sizes=(0.5, 2.0))
    with pytest.raises(ValueError, match='each of 3 sizes.*=2'):
        init_prototypes(tiny_model, loader(), options)


def histogram_by_hand(head, latents, labels):
    """Sum the labels under each concept; latents (n,S,D) have unit length."""
    temperature = head.prototype_layer.temperature
    cosine = latents @ head.prototype_layer.vectors.T  # n,S,16
    active = (cosine / temperature).softmax(dim=2)
    active = active.unflatten(2, (8, 2)).sum(dim=3).amax(dim=1)  # n,8
    mass = torch.stack([active[labels == c].sum(0) for c in range(4)])
    share = mass / mass.sum(dim=0)
    share = torch.where(share < 0.05, 0, share)
    return share / share.sum(dim=0)


def test_classifier_says_what_is_under_a_concept(tiny_model, loader):
    head = tiny_model.decode_head
    everything = InitOptions(pixels_per_class=999, min_cell_purity=1.0)
    init_prototypes(tiny_model, loader(), everything)
    latents, labels = all_latents(tiny_model, loader())
    expected = histogram_by_hand(
        head, latents.unflatten(0, (-1, 3)), labels[::3]
    )
    torch.testing.assert_close(head.class_weights, expected)


def test_classifier_counts_mixed_cells_as_often_as_they_are(
    tiny_model, loader
):
    """Its cells are those that are drawn where purity does not matter."""
    head = tiny_model.decode_head
    limits = dict(pixels_per_class=6, latents_per_class=25)
    init_prototypes(
        tiny_model, loader(), InitOptions(min_cell_purity=1.0, **limits)
    )
    with evaluating(tiny_model):
        cells, *_ = _draw(tiny_model, head, loader(), InitOptions(**limits))
    expected = histogram_by_hand(head, cells.latents, cells.labels)
    torch.testing.assert_close(head.class_weights, expected)


@pytest.mark.parametrize(
    'wrong',
    [
        dict(pixels_per_class=0),
        dict(latents_per_class=0),
        dict(min_share=-0.1),
        dict(min_cell_purity=1.5),
        dict(class_power=-1),
        dict(image_share=0.0),
        dict(other_sizes=(0.5, 1.0)),
        dict(other_sizes=(-2,)),
    ],
)
def test_options_out_of_range_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        InitOptions(**wrong)


def test_layer_without_vectors_is_named(tiny_config, loader):
    head = tiny_config.model.decode_head
    head.prototype_layer.type = 'mmproto.SoftmaxConcepts'
    init_default_scope('mmseg')
    model = MODELS.build(tiny_config.model)
    with pytest.raises(ValueError, match='SoftmaxConcepts has no prototype'):
        init_prototypes(model, loader())


def test_images_without_labels_are_named(tiny_model):
    with pytest.raises(ValueError, match='0 classes'):
        init_prototypes(tiny_model, [])
