"""Hook that shows explanations and concepts while a model is trained."""

import logging
from typing import Any

from mmengine.dataset import pseudo_collate
from mmengine.dist import broadcast_object_list, get_dist_info, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import DATASETS
from mmengine.runner import Runner

from mmproto.datasets.checks import choose_evenly
from mmproto.datasets.plain_loader import projection_dataloader
from mmproto.engine.run_state import same_random_numbers
from mmproto.explanations.concepts import concept_usage, list_concepts
from mmproto.explanations.evidence import replaced
from mmproto.explanations.explain import explain
from mmproto.models.facts import ModelFacts, bare_model, get_prototype_head
from mmproto.models.fingerprint import fingerprint
from mmproto.prototypes.features import evaluating
from mmproto.prototypes.projection import project_prototypes
from mmproto.registry import HOOKS
from mmproto.visualization.page.patches import default_mode
from mmproto.visualization.prototype_visualizer import (
    PrototypeVisualizer,
    picture_names,
)

from .prototype_projection_hook import PrototypeProjectionHook

PATCHES = 6  # per prototype, as many as a page shows of a concept
FINGERPRINT = 'projection_fingerprint'
# Weights that do not decide where in the images a prototype is found.
CLASSIFYING = ('decode_head.conv_seg.', 'decode_head.concept_losses.')


@HOOKS.register_module()
class PrototypeVisualizationHook(Hook):
    """Show what concepts mean, and how they decide, after validations.

    In a config, for pictures on disk and in TensorBoard::

        vis_backends = [dict(type='LocalVisBackend'),
                        dict(type='TensorboardVisBackend')]
        visualizer = dict(type='mmproto.PrototypeVisualizer',
                          vis_backends=vis_backends, name='visualizer')
        custom_hooks = [*_base_.custom_hooks,
                        dict(type='mmproto.PrototypeVisualizationHook')]

    The hook explains the same few validation images each time, evenly spaced,
    as ``explanation/<image stem>``, and draws the concepts that these images
    use most, as ``concepts/01`` and so on. The step of a picture is the
    iteration, 0 where a model is only validated.

    Training patches come from the record of ``PrototypeProjectionHook`` while
    it holds: until anything but the classifier changes. Otherwise the hook
    searches a few training images, evenly spaced and without augmentation, for
    the nearest places; the sheets and the log say which.

    The weights shown are those that were validated: with ``EMAHook`` the
    averages, for which no record holds, since it is made of the weights in
    training. The training is not changed. All ranks search, the first one
    draws.

    Args:
        interval: Draw after every ``interval``-th validation, counted from the
            start or a resume, and after the one at the end of training.
        images: Most validation images to explain.
        concepts: Most concepts to draw.
        training_images: Most training images to search.

    Raises:
        ValueError: A number is below 1. When training or validation starts:
            the visualizer is another one, the model has no prototype head, or
            the config has no ``test_pipeline`` or no training data.
    """

    # After the hooks that listen to the validation's passes, at ABOVE_NORMAL;
    # before averaged weights are swapped out, at NORMAL.
    priority = 45  # type: ignore[assignment]

    def __init__(
        self,
        interval: int = 1,
        images: int = 2,
        concepts: int = 16,
        training_images: int = 64,
    ) -> None:
        if min(interval, images, concepts, training_images) < 1:
            raise ValueError(
                'interval, images, concepts and training_images must be at '
                f'least 1, got {interval}, {images}, {concepts} and '
                f'{training_images}'
            )
        self.interval = interval
        self.images = images
        self.concepts = concepts
        self.training_images = training_images
        self._validations = 0
        self._trains = False
        self._record: dict | None = None

    def before_train(self, runner: Runner) -> None:
        """Say early what is missing; note the record that was resumed."""
        check_run(runner)
        if default_mode(runner.cfg) == 'link':
            print_log(
                'PrototypeVisualizationHook hands pictures of the training '
                'data to all visualisation backends, but the terms of this '
                'data set let nobody pass them on: keep them on this machine',
                logger='current',
                level=logging.WARNING,
            )
        self._trains = True
        self._record = projection_record(runner)

    def before_val(self, runner: Runner) -> None:
        """Say what is missing, where validation is all there is to do."""
        check_run(runner)

    def before_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Remember which weights a new record was made of, also if saved."""
        record = projection_record(runner)
        if record is not self._record:
            self._record = record
            made_of = fingerprint(bare_model(runner.model), CLASSIFYING)
            runner.message_hub.update_info(FINGERPRINT, made_of)

    after_train_iter = after_train_epoch = before_train_iter

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Draw, if it is time."""
        self._validations += 1
        last = not self._trains or runner.iter >= runner.max_iters
        if last or self._validations % self.interval == 0:
            with evaluating(bare_model(runner.model)), same_random_numbers():
                self._show(runner)

    def _show(self, runner: Runner) -> None:
        record, note = self._patches(runner)
        if not is_main_process():
            return
        print_log(f'Drawing concepts. {note}', logger='current')
        evaluator: Any = runner.val_loop.evaluator  # type: ignore
        meta = {**(evaluator.dataset_meta or {}), 'projection': record}
        # What `mmseg.apis.init_model` would have given the model.
        with replaced(
            bare_model(runner.model), cfg=runner.cfg, dataset_meta=meta
        ):
            self._draw(runner, note)

    def _patches(self, runner: Runner) -> tuple[dict, str]:
        """Return the record to show, and where it comes from."""
        rank, world_size = get_dist_info()
        record, model = projection_record(runner), bare_model(runner.model)
        made_of = runner.message_hub.get_info(FINGERPRINT)
        # The first rank decides: the others cannot search without it.
        holds = [
            rank == 0
            and record is not None
            and made_of == fingerprint(model, CLASSIFYING)
        ]
        broadcast_object_list(holds)
        if holds[0] and record is not None:
            return record, 'Training patches are those of the projection.'
        cfg = projection_dataloader(runner.cfg)
        dataset = DATASETS.build(cfg.dataset)
        chosen = choose_evenly(range(len(dataset)), self.training_images)
        share = (dataset[i] for i in chosen[rank::world_size])
        batches = (pseudo_collate([sample]) for sample in share)
        record = project_prototypes(model, batches, PATCHES, mode='mine')
        return record, (
            f'Training patches are the nearest in {len(chosen)} of '
            f'{len(dataset)} training images, evenly spaced.'
        )

    def _draw(self, runner: Runner, note: str) -> None:
        model: Any = bare_model(runner.model)
        visualizer: Any = runner.visualizer
        step = runner.iter if self._trains else 0
        dataset: Any = runner.val_dataloader.dataset
        places = choose_evenly(range(len(dataset)), self.images)
        samples = [dataset[i] for i in places]
        facts = ModelFacts.of(model)
        usage = concept_usage(facts, [pseudo_collate(samples)])
        concepts = list_concepts(facts, usage)
        names = facts.classes
        counted = (
            f'{note} The most used of {len(concepts)} concepts, counted on '
            f'{len(samples)} of {len(dataset)} validation images.'
        )
        if facts.surrogate is not None:
            counted = f'{facts.surrogate.sentence()}\n{counted}'
        concepts = concepts[: self.concepts]
        visualizer.add_concepts('concepts', concepts, names, step, counted)
        paths = [sample['data_samples'].img_path for sample in samples]
        for path, name in zip(paths, picture_names('explanation', paths)):
            explanation = explain(model, path)
            explanation.notes.append(note)
            visualizer.add_explanation(name, explanation, step)


def check_run(runner: Runner) -> None:
    """Raise a ValueError for what would only fail after a validation."""
    if not isinstance(runner.visualizer, PrototypeVisualizer):
        raise ValueError(
            'PrototypeVisualizationHook draws with mmproto.PrototypeVisualizer'
            f', got {type(runner.visualizer).__name__}; the config needs '
            "visualizer = dict(type='mmproto.PrototypeVisualizer', "
            "vis_backends=[dict(type='LocalVisBackend')], name='visualizer')"
        )
    get_prototype_head(runner.model)
    if not runner.cfg.get('test_pipeline'):
        raise ValueError(
            'PrototypeVisualizationHook loads images by the test_pipeline of '
            'the config: define it there'
        )
    projection_dataloader(runner.cfg)


def projection_record(runner: Runner) -> dict | None:
    """Return the record of the run's projection hook, if there is one."""
    for hook in runner.hooks:
        if isinstance(hook, PrototypeProjectionHook):
            return hook.record
    return None
