"""Every image counts once, however many ranks share the data."""

import pytest
from mmengine.dataset import DefaultSampler

from mmproto.evaluation.base import ExplanationMetric, make_report


class Images(ExplanationMetric):
    """State: the images that were measured."""

    default_prefix = 'images'

    def measure(self, reading):
        return [reading.index]

    def summarize(self, state):
        scalars = dict(number=float(len(state)), absent=None)
        return make_report(scalars, per_concept=dict(images=sorted(state)))


class Recorder:
    """Gives readings that only know which image they are of."""

    def __init__(self, rank, world_size):
        self.rank, self.world_size, self.count = rank, world_size, 0

    def read(self, data_batch, data_samples):
        for _ in data_samples:
            reading = type('Reading', (), {})()
            reading.index = self.rank + self.count * self.world_size
            self.count += 1
            yield reading


def states(monkeypatch, size, world_size, batch_size):
    """What every rank hands over, gathered as mmengine does it."""
    gathered = []
    for rank in range(world_size):
        monkeypatch.setattr(
            'mmengine.dataset.sampler.get_dist_info',
            lambda rank=rank: (rank, world_size),
        )
        metric = Images()
        metric.recorder = Recorder(rank, world_size)
        images = list(DefaultSampler(range(size), shuffle=False))
        for start in range(0, len(images), batch_size):
            metric.process({}, images[start : start + batch_size])
        collected: list = []

        def collect(results, *_, into=collected, **__):
            into.extend(results)
            return []

        monkeypatch.setattr(
            'mmengine.evaluator.metric.collect_results',
            collect,
        )
        metric.evaluate(size)
        gathered += collected
    return metric, gathered[:size]


@pytest.mark.parametrize('size', [1, 2, 3, 7, 8])
@pytest.mark.parametrize('world_size', [1, 2, 3, 5])
@pytest.mark.parametrize('batch_size', [1, 2, 3])
def test_every_image_counts_once(monkeypatch, size, world_size, batch_size):
    metric, gathered = states(monkeypatch, size, world_size, batch_size)
    numbers = metric.compute_metrics(gathered)
    assert metric.report['per_concept']['images'] == list(range(size))
    assert numbers == dict(number=size)  # what is absent is left out


def test_a_metric_can_be_used_again():
    metric = Images()
    for _ in range(2):
        metric.recorder = Recorder(0, 1)
        metric.process({}, [None, None])
        metric.process({}, [None])
        assert metric.evaluate(3) == {'images/number': 3}


def test_without_the_hook_the_error_says_what_to_add():
    with pytest.raises(ValueError, match='ExplanationMetricsHook'):
        Images().process({}, [])
