"""Time of SharedASPP over one 3x3 convolution and over four dilated ones.

    python tools/analysis_tools/benchmark_shared_aspp.py

All have the same channels; the four convolutions have the rates of the
SharedASPP. Runs alternate, so that all see the same load. SharedASPP works in
channels-last memory; the convolutions in the layout that is faster for them on
a CPU, forward and backward, the contiguous one.
"""

import argparse
from collections.abc import Callable, Sequence

import torch
from timing import interleaved_medians
from torch import Tensor, nn

from mmproto.models import SharedASPP


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--in-channels', type=int, default=2048)
    parser.add_argument('--channels', type=int, default=256)
    parser.add_argument('--size', type=int, nargs=2, default=(64, 64))
    parser.add_argument('--rates', type=int, nargs='+', default=(1, 6, 12, 18))
    parser.add_argument('--repeats', type=int, default=9)
    parser.add_argument('--device', default='cpu')
    return parser.parse_args()


def candidates(
    args: argparse.Namespace, features: Tensor
) -> dict[str, Callable[[], Sequence[Tensor]]]:
    """The shared module and its two peers, as functions of nothing."""
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


def main() -> None:
    """Measure and print."""
    args = parse_args()
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


if __name__ == '__main__':
    main()
