"""Small heads and their inputs, for tests."""

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmproto.models import PrototypeHead

LAYERS = ['CosinePrototypes', 'SoftmaxConcepts', 'DistancePrototypes']


def make_head(layer='CosinePrototypes', **kwargs):
    torch.manual_seed(0)
    options = dict(
        in_channels=6,
        channels=6,
        num_classes=4,
        num_concepts=5,
        prototypes_per_concept=2,
        prototype_layer=dict(type=f'mmproto.{layer}'),
    )
    return PrototypeHead(**(options | kwargs))


def maps(scales=3, batch=2):
    generator = torch.Generator().manual_seed(1)
    return tuple(
        torch.randn(batch, 6, 7, 9, generator=generator) for _ in range(scales)
    )


def samples(batch=2, size=(28, 36), views=None):
    generator = torch.Generator().manual_seed(2)
    made = []
    for index in range(batch):
        labels = torch.randint(0, 4, (1, *size), generator=generator)
        labels[:, :2] = 255
        sample = SegDataSample(gt_sem_seg=PixelData(data=labels))
        if views:
            sample.set_metainfo(
                dict(
                    view=views[index],
                    window=(0, 0, *size),
                    img_shape=size,
                    pad_shape=size,
                )
            )
        made.append(sample)
    return made
