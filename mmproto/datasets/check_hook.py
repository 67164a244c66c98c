"""The check of the data at the start of training."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmproto.registry import HOOKS

from .checks import find_problems
from .config_checks import leaf_datasets, raise_problems


@HOOKS.register_module()
class DatasetCheckHook(Hook):
    """Stop a training whose masks cannot be what the model needs.

    All images and masks must exist, and some masks of every data set are
    opened. All processes check the same files, so that all of them stop.

    Args:
        samples: Number of masks to open in each data set, evenly spread;
            None for all, 0 for none.
    """

    priority = 'VERY_HIGH'

    def __init__(self, samples: int | None = 16) -> None:
        if samples is not None and samples < 0:
            raise ValueError(
                f'found samples={samples}; expected 0 or more, or None.'
            )
        self.samples = samples

    def before_train(self, runner: Runner) -> None:
        """Check the data sets of training and validation.

        Raises:
            ValueError: If something is wrong with them.
        """
        loaders = [runner.train_dataloader]
        if runner.val_loop is not None:
            loaders.append(runner.val_dataloader)
        for loader in loaders:
            for dataset in leaf_datasets(loader.dataset):
                raise_problems(self._problems(dataset))
        print_log('The images and masks are as expected.', logger='current')

    def _problems(self, dataset: Any) -> list[str]:
        if not hasattr(dataset, 'get_data_info'):
            return []
        infos = [dataset.get_data_info(i) for i in range(len(dataset))]
        return list(find_problems(dataset, infos, self.samples))
