"""The diversity loss against a loop over pairs."""

import statistics
import time
from argparse import Namespace
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mmproto.models.losses import jeffreys_diversity


def pair_loop(scores: Tensor, labels: Tensor, membership: Tensor) -> Tensor:
    """Mean of exp(-J) over images, classes and pairs, one at a time.

    Args:
        scores: (N,P,H,W).
        labels: Classes (N,H,W).
        membership: Prototypes of each class, bool (P,C).

    Returns:
        Scalar.
    """
    terms = []
    for image, label in zip(scores, labels):
        for index in range(membership.shape[1]):
            pixels = label == index
            own = membership[:, index].nonzero().flatten()
            if pixels.sum() < 2:
                continue
            logs = [image[p][pixels].log_softmax(0) for p in own]
            for p in range(len(own)):
                for q in range(p + 1, len(own)):
                    there, back = (
                        F.kl_div(b, a, reduction='sum', log_target=True)
                        for a, b in ((logs[p], logs[q]), (logs[q], logs[p]))
                    )
                    terms.append((-(there + back) / 2).exp())
    return torch.stack(terms).mean()


def street_labels(
    images: int, height: int, width: int, classes: int
) -> Tensor:
    """Label maps (N,H,W) of 8x8 patches, few classes large and most small."""
    share = 1 / torch.arange(1, classes + 1)
    size = (images, height // 8, width // 8)
    count = images * size[1] * size[2]
    patches = share.multinomial(count, replacement=True).view(size)
    return patches.repeat_interleave(8, 1).repeat_interleave(8, 2)


def step(
    loss: Callable[..., Tensor], scores: Tensor, *args: Tensor
) -> tuple[float, Tensor]:
    """Value of a loss and its gradient with respect to the scores."""
    scores = scores.detach().requires_grad_()
    value = loss(scores, *args)
    value.backward()
    assert scores.grad is not None
    return value.item(), scores.grad


def seconds(calls: int, loss: Callable[..., Tensor], *args: Tensor) -> float:
    """Mean time of some forward and backward passes in a row."""
    start = time.perf_counter()
    for _ in range(calls):
        step(loss, *args)  # reading the value waits for the device
    return (time.perf_counter() - start) / calls


def measure(args: Namespace) -> None:
    """Print both medians and their ratio."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    shape = (args.images, args.prototypes, *args.size)
    scores = torch.randn(shape, device=args.device)
    labels = street_labels(args.images, *args.size, args.classes)
    labels = labels.to(args.device)
    owner = torch.arange(args.prototypes, device=args.device) % args.classes
    membership = F.one_hot(owner, args.classes).bool()
    given = scores, labels, membership
    expected, gradient = step(pair_loop, *given)  # and warm up
    value, ours = step(jeffreys_diversity, *given)
    error = (ours - gradient).abs().max() / gradient.abs().max()
    times: dict[str, list[float]] = {'pair loop': [], 'mmproto': []}
    for _ in range(args.repeats):
        times['pair loop'].append(seconds(1, pair_loop, *given))
        # a single call is too short to time on a busy machine
        times['mmproto'].append(seconds(10, jeffreys_diversity, *given))
    medians = {name: statistics.median(t) for name, t in times.items()}
    height, width = args.size
    print(
        f'{args.prototypes} prototypes, {args.classes} classes, '
        f'{args.images} image(s) of {height}x{width}, forward + backward, '
        f'{torch.get_num_threads()} thread(s), median of {args.repeats}'
    )
    for name, median in medians.items():
        print(f'{name:>10}: {1000 * median:9.2f} ms')
    print(f'     value: {value:.6f} (pair loop {expected:.6f})')
    print(f'  gradient: largest relative difference {error:.1e}')
    ratio = medians['mmproto'] / medians['pair loop']
    print(f'     ratio: {ratio:.4f} = 1/{1 / ratio:.0f} (at most 1/50)')
