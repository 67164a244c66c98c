"""The four edits of a concept: disable, enable, rename, reweight.

Names, and the weights of disabled concepts, are plain types in the meta
information of the data set, which mmseg's ``init_model`` gives to the model.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mmproto.models.metainfo import (
    DISABLED,
    NAMES,
    class_names,
    concept_names,
    disabled_concepts,
)
from mmproto.models.surrogate_record import SURROGATE, with_reweighted

from .words import printable, quoted_concept


class EditableConcepts:
    """Class weights and names of concepts, to be edited.

    Every edit returns what it did as plain types, with the old and the new
    weights or name, and another edit can undo it. An edit that would change
    nothing is refused, so that every entry of the log is a change.

    Args:
        weight: Weight of the classifier (C,K,1,1), changed in place.
        dataset_meta: Meta information of the checkpoint, not changed.
        signed: Whether weights below zero are in force.

    Attributes:
        dataset_meta: Meta information with the edits.
    """

    def __init__(
        self, weight: Tensor, dataset_meta: Mapping, signed: bool
    ) -> None:
        self._weights = weight.detach()[:, :, 0, 0]  # C,K, the same memory
        self._signed = signed
        self._classes = class_names(dict(dataset_meta), len(weight))
        self._disabled = disabled_concepts(dataset_meta)
        self.dataset_meta = dict(dataset_meta)

    def disable(self, concept: int) -> dict:
        """Set the class weights of a concept to exact zeros.

        Raises:
            ValueError: If there is no such concept, it is disabled, or it
                contributes to no class.
        """
        self._check_enabled(concept)
        if not self._in_force(concept).any():
            raise ValueError(
                f'concept {self._label(concept)} contributes to no class; '
                'there is nothing to disable'
            )
        kept = disabled_concepts(self.dataset_meta)
        kept[concept] = self._column(concept)
        self._keep(DISABLED, kept)
        zeros = torch.zeros(len(self._weights))
        return self._set_column('disable', concept, zeros)

    def enable(self, concept: int) -> dict:
        """Restore the weights of a disabled concept, bit for bit.

        Raises:
            ValueError: If there is no such concept or it is not disabled.
        """
        self._check_number(concept)
        kept = disabled_concepts(self.dataset_meta)
        if concept not in kept:
            # not `kept`: earlier edits may have enabled concepts by now
            listed = ', '.join(map(self._label, sorted(self._disabled)))
            raise ValueError(
                f'concept {self._label(concept)} is not disabled; in the '
                f'checkpoint, disabled are: {listed or "none"}'
            )
        weights = torch.tensor(kept.pop(concept), dtype=torch.float64)
        self._keep(DISABLED, kept)
        return self._set_column('enable', concept, weights)

    def rename(self, concept: int, name: str) -> dict:
        """Name a concept, or remove its name if the new one is empty.

        Raises:
            ValueError: If there is no such concept, or the name does not fit
                on a line of text or is the present one.
        """
        self._check_number(concept)
        if name != name.strip() or not name.isprintable():
            raise ValueError(
                f'a concept cannot be called {name!r}: give one line of '
                'printable text that neither begins nor ends with a blank'
            )
        names = concept_names(self.dataset_meta)
        old = names.pop(concept, '')
        if name == old:
            has = f'is called {name!r}' if name else 'has no name'
            raise ValueError(f'concept {concept} {has} already')
        if name:
            names[concept] = name
        self._keep(NAMES, names)
        return dict(
            kind='rename', concept=concept, old_name=old, new_name=name
        )

    def reweight(self, concept: int, class_name: str, value: float) -> dict:
        """Change the weight of a concept for one class.

        Args:
            concept: Index of the concept.
            class_name: See :func:`find_class`.
            value: New weight.

        Raises:
            ValueError: If there is no such concept or class, the concept is
                disabled, or the classifier cannot have such a weight or
                already has it.
        """
        self._check_enabled(concept)
        index = find_class(class_name, self._classes)
        largest = torch.finfo(self._weights.dtype).max
        # written so that NaN is refused
        if not (-largest * self._signed <= value <= largest):
            kind = 'finite' if self._signed else 'finite and not negative'
            raise ValueError(
                f'weights of this classifier are {kind}, got {value}; a '
                'weight of 0 silences the concept for a class'
            )
        weights = self._weights[:, concept].clone()
        weights[index] = value
        if weights[index] == self._in_force(concept)[index]:
            raise ValueError(
                f'concept {self._label(concept)} has the weight {value} for '
                f'{printable(self._classes[index])} already, to the '
                'precision of the model'
            )
        action = self._set_column('reweight', concept, weights)
        record = self.dataset_meta.get(SURROGATE)
        if isinstance(record, Mapping):  # its agreement is of old weights
            self.dataset_meta[SURROGATE] = with_reweighted(record, concept)
        return action | dict(
            class_index=index, class_name=self._classes[index]
        )

    def _set_column(self, kind: str, concept: int, weights: Tensor) -> dict:
        old = self._column(concept)
        self._weights[:, concept] = weights.to(self._weights)
        action = dict(
            kind=kind,
            concept=concept,
            old_weights=old,
            new_weights=self._column(concept),
        )
        name = self._name(concept)
        return action | dict(name=name) if name else action

    def _in_force(self, concept: int) -> Tensor:
        """Return the weights (C,) of a concept that are in force."""
        column = self._weights[:, concept]
        return column if self._signed else column.relu()

    def _column(self, concept: int) -> list[float]:
        return self._weights[:, concept].tolist()

    def _keep(self, key: str, values: dict) -> None:
        """Keep values by concept; remove the key if there are none."""
        self.dataset_meta.pop(key, None)
        if values:
            self.dataset_meta[key] = {
                str(concept): values[concept] for concept in sorted(values)
            }

    def _name(self, concept: int) -> str | None:
        return concept_names(self.dataset_meta).get(concept)

    def _label(self, concept: int) -> str:
        return quoted_concept(concept, self._name(concept))

    def _check_number(self, concept: int) -> None:
        number = self._weights.shape[1]
        if not 0 <= concept < number:
            raise ValueError(
                f'there is no concept {concept}; this model has concepts 0 '
                f'to {number - 1}'
            )

    def _check_enabled(self, concept: int) -> None:
        self._check_number(concept)
        if concept in disabled_concepts(self.dataset_meta):
            raise ValueError(
                f'concept {self._label(concept)} is disabled; enable it first'
            )


def find_class(name: str, classes: Sequence[str]) -> int:
    """Find the index of a class by what somebody typed.

    Args:
        name: Name of the class, its number, or its name in another case if
            no other class matches.
        classes: Names of all classes.

    Raises:
        ValueError: If no class matches, or several do.
    """
    if name in classes:
        return classes.index(name)
    if name.isdecimal() and int(name) < len(classes):
        return int(name)
    folded = [other.casefold() for other in classes]
    found = folded.count(name.casefold())
    if found == 1:
        return folded.index(name.casefold())
    problem = 'several classes differ from' if found else 'there is no class'
    rest = ' in case only' if found else ''
    raise ValueError(
        f'{problem} {name!r}{rest}; give a number below {len(classes)} or one '
        f'of {", ".join(map(printable, classes))}'
    )
