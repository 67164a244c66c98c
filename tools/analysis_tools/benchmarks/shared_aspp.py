"""SharedASPP against plain and dilated convolutions."""

from argparse import Namespace
from collections.abc import Callable, Sequence

import torch
from benchmarks.timing import interleaved_medians
from torch import Tensor, nn

from mmproto.models import SharedASPP


def candidates(
    args: Namespace, features: Tensor
) -> dict[str, Callable[[], Sequence[Tensor]]]:
    """Return the shared module and its two peers, as functions of nothing."""
    inputs, outputs = args.in_channels, args.channels
    shared = SharedASPP(inputs, outputs, tuple(args.rates))
    four = nn.ModuleList(
        nn.Conv2d(inputs, outputs, 3, padding=r, dilation=r, bias=False)
        for r in args.rates
    )
    one = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    for module in (shared, four, one):
        module.to(args.device)
    ours = features.to(memory_format=torch.channels_last)
    ours.requires_grad_(features.requires_grad)
    return {
        'SharedASPP': lambda: shared((ours,)),
        'one 3x3 convolution': lambda: (one(features),),
        f'{len(four)} dilated convolutions': lambda: [
            convolution(features) for convolution in four
        ],
    }


def forward_backward(call: Callable[[], Sequence[Tensor]]) -> None:
    """Run forward and backward with a dense gradient."""
    maps = call()
    torch.autograd.backward(maps, [torch.ones_like(x) for x in maps])


def report(title: str, seconds: dict[str, float]) -> None:
    """Print milliseconds and the ratios of the first to the others."""
    ours, *peers = seconds
    print(f'{title}: {ours} {seconds[ours] * 1e3:.0f} ms')
    for peer in peers:
        ratio = seconds[ours] / seconds[peer]
        print(f'  over {peer}, {seconds[peer] * 1e3:.0f} ms: {ratio:.2f}')


def measure(args: Namespace) -> None:
    """Measure and print."""
    torch.manual_seed(0)
    shape = (1, args.in_channels, *args.size)
    features = torch.randn(shape, device=args.device)
    print(f'{shape} on {args.device}, {torch.get_num_threads()} threads')
    with torch.no_grad():
        calls = candidates(args, features)
        report('forward', interleaved_medians(calls, args.repeats))
    calls = candidates(args, features.requires_grad_())
    both = {
        name: lambda call=call: forward_backward(call)
        for name, call in calls.items()
    }
    report('forward + backward', interleaved_medians(both, args.repeats))
