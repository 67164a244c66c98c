"""Places and latents of the tiny data, for tests of the projection."""

import cv2
import numpy as np
import torch


def places(record):
    return [
        [(p['image'], p['scale'], p['row'], p['col']) for p in q['patches']]
        for q in record['prototypes']
    ]


def latents_of(model, path):
    """Compute latents (S,H,W,D) of an image, prepared by hand in float64."""
    image = cv2.imread(path)[..., ::-1].astype(np.float64)
    image = (image - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
    image = torch.tensor(image).permute(2, 0, 1)[None]
    with torch.no_grad():
        maps = model.double().extract_feat(image)
    model.float()
    return np.stack([m[0].permute(1, 2, 0).numpy() for m in maps])


def train_images(tiny_data):
    folder = tiny_data / 'leftImg8bit' / 'train' / 'town'
    return sorted(str(path) for path in folder.iterdir())


def batches(loader, *indices):
    """Make batches of chosen images, as a plain list."""
    dataset = loader().dataset
    return [
        dict(
            inputs=[dataset[i]['inputs'] for i in batch],
            data_samples=[dataset[i]['data_samples'] for i in batch],
        )
        for batch in indices
    ]
