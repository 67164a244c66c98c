"""Restarts of dead concepts, compared with loops over cells."""

import pytest
import torch

from mmproto.models import PrototypeHead
from mmproto.prototypes.reseeding import (
    forget_moments,
    mean_positive,
    reseed,
    worst_cells,
)

LAYERS = ['CosinePrototypes', 'DistancePrototypes']


def make_head(layer='CosinePrototypes', per_concept=1):
    torch.manual_seed(0)
    head = PrototypeHead(
        in_channels=5,
        channels=5,
        num_classes=3,
        num_concepts=6,
        prototypes_per_concept=per_concept,
        prototype_layer=dict(type=f'mmproto.{layer}'),
    )
    with torch.no_grad():
        head.conv_seg.weight.uniform_(-1, 1)
        head.conv_seg.weight[:, 5] = 0.7  # some of each class
    return head


def batch(size=(6, 7)):
    """Draw latents (2,3,5,H,W), labels with void, and wrong cells."""
    generator = torch.Generator().manual_seed(4)
    latents = torch.randn(2, 3, 5, *size, generator=generator)
    labels = torch.randint(0, 4, (2, *size), generator=generator)
    labels[labels == 3] = 255
    wrong = torch.rand(2, *size, generator=generator) < 0.2
    return latents, labels, wrong


def worst_loop(nearest, wrong, counted):
    """List cells with nothing worse around them, the worst first."""
    cells = counted.nonzero().tolist()
    key = {
        (n, h, w): (not wrong[n, h, w], nearest[n, h, w].item(), n, h, w)
        for n, h, w in cells
    }
    around = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
    kept = [
        cell
        for cell in key
        if not any(
            key.get((cell[0], cell[1] + i, cell[2] + j), (2,)) < key[cell]
            for i, j in around
        )
    ]
    return sorted(kept, key=key.get)


def test_the_worst_cells_come_first_and_do_not_touch():
    _, labels, wrong = batch()
    nearest = torch.rand(2, 6, 7).mul(5).round()  # with ties
    counted = labels != 255
    found = worst_cells(nearest, wrong, counted)
    height, width = 6, 7
    cells = [
        (i // (height * width), i // width % height, i % width)
        for i in found.tolist()
    ]
    assert cells == worst_loop(nearest, wrong, counted)
    assert len(cells) > 4 and wrong[cells[0]] and not wrong[cells[-1]]


def nearness(layer, latent, vector):
    """Compute the cosine, or the negative squared distance."""
    if layer == 'DistancePrototypes':
        return -(latent - vector).square().sum().item()
    return torch.cosine_similarity(latent, vector, dim=0).item()


def best_scales(layer, head, latents):
    """Find latent and nearness of each cell at its nearest scale."""
    vectors = head.prototype_layer.vectors.detach().clone()
    found = {}
    for n in range(len(latents)):
        for h in range(latents.shape[-2]):
            for w in range(latents.shape[-1]):
                scales = latents[n, :, :, h, w].unbind(0)
                near = [
                    max(nearness(layer, z, p) for p in vectors) for z in scales
                ]
                best = near.index(max(near))
                found[n, h, w] = (scales[best], max(near))
    return found


@pytest.mark.parametrize('layer', LAYERS)
@pytest.mark.parametrize('per_concept', [1, 3])
def test_dead_concepts_get_the_worst_cells(layer, per_concept):
    head = make_head(layer, per_concept)
    latents, labels, wrong = batch()
    best = best_scales(layer, head, latents)
    nearest = torch.tensor([near for _, near in best.values()]).view(2, 6, 7)
    cells = worst_loop(nearest, wrong, labels != 255)
    before = head.prototype_layer.vectors.detach().clone()
    weights = head.class_weights.detach().clone()
    dead = torch.tensor([1, 4])
    done = reseed(head, dead, latents, labels, wrong)
    assert done.tolist() == [1, 4]
    vectors = head.prototype_layer.vectors.detach().view(6, per_concept, 5)
    for concept, cell in zip((1, 4), cells):
        seed = best[cell][0]
        others = [best[c][0] for c in best if labels[c] != 255]
        others.sort(key=lambda z: nearness(layer, z, seed), reverse=True)
        for vector, expected in zip(vectors[concept], others):
            if layer == 'CosinePrototypes':
                expected = expected / expected.norm()
            torch.testing.assert_close(vector, expected)
        row = weights[labels[cell]]
        column = torch.zeros(3)
        column[labels[cell]] = row[row > 0].mean()
        torch.testing.assert_close(head.class_weights[:, concept], column)
    alive = [0, 2, 3, 5]
    assert torch.equal(vectors[alive], before.view_as(vectors)[alive])
    assert torch.equal(head.class_weights[:, alive], weights[:, alive])


def test_the_new_concept_is_alive_and_corrects_its_cell():
    """At a sharp temperature it takes the cell over."""
    head = make_head()
    head.prototype_layer.log_temperature.data.fill_(-5)
    latents, labels, _ = batch(size=(1, 1))
    labels = torch.tensor([[[2]], [[255]]])
    reseed(head, torch.tensor([3]), latents, labels, labels == 2)
    activations, _ = head.pool_concepts(latents)
    assert activations[0, 3] > 0.99
    scale = head.prototype_layer.similarity(latents)[0, :, 3].argmax()
    evidence = head.cls_seg(head.pool_concepts(latents[:1, scale][:, None])[0])
    assert evidence.flatten().argmax() == 2


def test_no_more_than_there_are_cells():
    head = make_head()
    latents, labels, wrong = batch(size=(3, 3))
    labels[:] = 255
    labels[0, 0, 0] = labels[0, 2, 2] = labels[0, 2, 1] = 1
    dead = torch.tensor([5, 2, 3])
    done = reseed(head, dead, latents, labels, wrong)
    assert done.tolist() == [5, 2]  # two of the three cells touch


@pytest.mark.parametrize('per_concept', [1, 2])
def test_without_labels_nothing_changes(per_concept):
    head = make_head(per_concept=per_concept)
    latents, labels, wrong = batch()
    labels[:] = 255
    labels[0, 0, 0] = 0 if per_concept == 2 else 255  # one cell for two
    before = {k: v.clone() for k, v in head.state_dict().items()}
    done = reseed(head, torch.arange(6), latents, labels, wrong)
    assert len(done) == 0
    after = head.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_mean_of_the_positive_weights():
    weights = torch.tensor([[0.0, 0.5, 1.5], [0, 0, 0], [0, 0, 4]])
    assert mean_positive(weights).tolist() == [1.0, 2.0, 4.0]
    assert mean_positive(torch.zeros(2, 3)).tolist() == [0, 0]


@pytest.mark.parametrize(
    ('optimizer', 'options'),
    [
        (torch.optim.SGD, dict(momentum=0.9)),
        (torch.optim.AdamW, dict(amsgrad=True)),
    ],
)
def test_only_the_moments_of_the_concepts_go(optimizer, options):
    head = make_head(per_concept=2)
    first = optimizer([head.conv_seg.weight], lr=0.1, **options)
    second = optimizer([head.prototype_layer.vectors], lr=0.1, **options)
    latents = batch()[0]
    head.cls_seg(head.pool_concepts(latents)[0]).square().sum().backward()
    first.step()
    second.step()
    cases = (
        (first, head.conv_seg.weight, 1, [1, 4]),
        (second, head.prototype_layer.vectors, 0, [2, 3, 8, 9]),
    )
    before = [
        {
            key: value.clone()
            for key, value in used.state[parameter].items()
            if isinstance(value, torch.Tensor)
        }
        for used, parameter, _, _ in cases
    ]
    forget_moments([first, second], head, torch.tensor([1, 4]))
    for (used, parameter, dim, gone), values in zip(cases, before):
        assert any(value.any() for value in values.values())
        for key, value in values.items():
            if value.shape == parameter.shape:
                value.transpose(0, dim)[gone] = 0
            assert torch.equal(used.state[parameter][key], value), key
