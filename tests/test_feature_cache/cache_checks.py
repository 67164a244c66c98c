"""What a cache holds, and what the backbone did for it."""

from contextlib import contextmanager

import torch


@contextmanager
def count_passes(model, stop_at=None):
    """List the inputs of the backbone; interrupt it at one of them."""
    passes = []

    def hear(module, inputs):
        if len(passes) == stop_at:
            raise KeyboardInterrupt
        passes.append(inputs[0])

    handle = model.backbone.register_forward_pre_hook(hear)
    try:
        yield passes
    finally:
        handle.remove()


def contents(cache):
    """All items with their values, whatever part they lie in."""
    found = {}
    for key, item in sorted(cache.items.items()):
        maps, labels = cache.read(item)
        found[key] = (item.path, item.content, item.padded, maps, labels)
    return found


def assert_same(ours, theirs, tolerance=0.0):
    """Compare the contents of two caches."""
    assert ours.keys() == theirs.keys()
    for key in ours:
        assert ours[key][:3] == theirs[key][:3]
        pairs = zip(ours[key][3], theirs[key][3], strict=True)
        for one, other in pairs:
            assert (one is None) == (other is None)
            if one is not None:
                torch.testing.assert_close(
                    one, other, rtol=tolerance, atol=tolerance
                )
        assert torch.equal(ours[key][4], theirs[key][4])
