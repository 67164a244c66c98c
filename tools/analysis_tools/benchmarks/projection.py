"""The projection of a batch against the network's forward pass."""

import statistics
import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

import torch
from mmengine.config import Config
from mmseg.apis import init_model

from mmproto.models.facts import get_prototype_head
from mmproto.prototypes.features import ImageFeatures
from mmproto.prototypes.nearest import NearestPlaces


def seconds(function: Callable[[], Any]) -> tuple[float, Any]:
    """Time of one call, and what it returned."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    start = time.perf_counter()
    result = function()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start, result


class Projection:
    """Projects feature maps; every image it sees is a new one.

    Args:
        head: The prototype head.
        size: Rows and columns of the images.
        topk: Places to keep for each prototype.
    """

    def __init__(self, head: Any, size: tuple[int, int], topk: int) -> None:
        self.head = head
        self.size = size
        self.nearest = NearestPlaces(head.prototype_layer.num_prototypes, topk)
        self.count = 0

    def __call__(self, batch: list) -> None:
        """Take in the neck's maps of every image of a batch."""
        for maps in batch:
            self.count += 1
            image = ImageFeatures(
                f'{self.count}.png',
                maps,
                None,
                self.size,
                self.size,
                self.size,
            )
            latents = self.head.stack_scales(maps)
            similarity = self.head.prototype_layer.similarity(latents)
            self.nearest.update(similarity[0], latents[0], image)


@torch.no_grad()
def measure(args: Namespace) -> None:
    """Print both medians and their ratio."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = init_model(Config.fromfile(args.config), None, args.device)
    size = (args.size[0], args.size[1])
    project = Projection(get_prototype_head(model), size, args.topk)
    forward_times, projection_times = [], []
    for repeat in range(args.repeats + 1):
        images = torch.randn(args.batch, 1, 3, *size, device=args.device)
        time_forward, batch = seconds(
            lambda images=images: [model.extract_feat(x) for x in images]
        )
        time_project, _ = seconds(lambda batch=batch: project(batch))
        if repeat:  # the first one warms up
            forward_times.append(time_forward)
            projection_times.append(time_project)
    forward = statistics.median(forward_times)
    projection = statistics.median(projection_times)
    print(
        f'{args.config}, {args.batch} image(s) of {size[0]}x{size[1]}, '
        f'{torch.get_num_threads()} thread(s), median of {args.repeats}'
    )
    print(f'backbone and neck  {1e3 * forward:9.1f} ms')
    print(f'projection         {1e3 * projection:9.1f} ms')
    print(f'ratio              {projection / forward:9.3f} (target <= 0.10)')
