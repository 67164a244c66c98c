"""The bound on what a cell sees, against gradients."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmproto.models.necks import SharedASPP
from mmproto.visualization.page.receptive import theoretical_fields


class Model(nn.Module):
    """Two stages, at strides 2 and 8, in which nothing cancels."""

    def __init__(self, **neck):
        super().__init__()
        self.backbone = nn.ModuleList(
            [nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 5, 4, 4)]
        )
        self.neck = SharedASPP(channels=2, dilations=(1, 3), **neck)
        with torch.no_grad():
            for weight in self.parameters():
                weight.abs_()

    def extract_feat(self, image):
        fine = self.backbone[0](image)
        return self.neck([fine, self.backbone[1](fine)])


def seen(model, scale, size):
    """The most rows on which a latent of some cell depends."""
    image = torch.ones(1, 3, size, size, requires_grad=True)
    latents = model.extract_feat(image)[scale][0].sum(dim=0)  # H,W
    middle = len(latents) // 2
    rows = []
    for row in range(middle - 2, middle + 3):
        given = torch.autograd.grad(
            latents[row, middle], image, retain_graph=True
        )[0]
        used = given[0].sum(dim=(0, 2)).nonzero()
        rows.append(int(used.max() - used.min()) + 1)
    return max(rows)


BOTH = dict(in_channels=[4, 5], in_index=[0, 1], mid_channels=3)
NECKS = dict(
    plain=dict(in_channels=5, in_index=1),
    one=dict(in_channels=5, in_index=1, mid_channels=3),
    grown=dict(BOTH, size_index=0),
    pooled=dict(BOTH, size_index=1),
    coarser=dict(BOTH, size_index=1, pool=2),
)


@pytest.mark.parametrize('name', NECKS)
def test_no_cell_sees_more_than_the_bound(name):
    model = Model(**NECKS[name])
    facts = SimpleNamespace(segmentor=model, dilations=[1, 3])
    for scale, side in enumerate(theoretical_fields(facts)):
        measured = [seen(model, scale, size) for size in (256, 250)]
        assert max(measured) <= side
        if name in ('plain', 'one'):
            assert max(measured) == side
