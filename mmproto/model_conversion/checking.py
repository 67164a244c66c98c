"""Checks of what a state dict has to hold."""

from collections.abc import Collection, Mapping

from torch import Tensor

# None stands for any size
Shape = tuple[int | None, ...]
SHOWN = 3  # names in a message; the rest is counted
PREFIXES = ('module.', 'ppnet.')  # of DataParallel and of Lightning's module


def strip_prefixes(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Remove the prefixes of wrappers, where all names have them.

    Args:
        state: State dict of a model or of its wrappers.
    """
    stripped = dict(state)
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in stripped):
            stripped = {
                name.removeprefix(prefix): value
                for name, value in stripped.items()
            }
    return stripped


def check_tensors(
    state: Mapping[str, Tensor],
    shapes: Mapping[str, Shape],
    optional: Collection[str] = (),
) -> None:
    """Refuse a state dict of another model.

    Args:
        state: State dict.
        shapes: All names that it may hold, with their shapes.
        optional: Names that may be absent.

    Raises:
        ValueError: If tensors are missing, unexpected or of other shapes. The
            message names the first of them.
    """
    missing = [n for n in shapes if n not in state and n not in optional]
    unexpected = [name for name in state if name not in shapes]
    wrong = [
        f'{name} of shape {tuple(state[name].shape)} in place of '
        f'({", ".join("any" if n is None else str(n) for n in shape)})'
        for name, shape in shapes.items()
        if name in state and not _fits(state[name], shape)
    ]
    problems = [
        _describe('missing', missing),
        _describe('unexpected', unexpected),
        _describe('wrong', wrong),
    ]
    if any(problems):
        raise ValueError(
            'the tensors are not those of the expected model; '
            + '; '.join(filter(None, problems))
        )


def _fits(tensor: Tensor, shape: Shape) -> bool:
    return tensor.dim() == len(shape) and all(
        wanted in (None, size) for size, wanted in zip(tensor.shape, shape)
    )


def _describe(problem: str, items: list[str]) -> str:
    if not items:
        return ''
    rest = len(items) - SHOWN
    more = f' and {rest} more' if rest > 0 else ''
    return f'{len(items)} {problem}: {", ".join(items[:SHOWN])}{more}'
