"""A concept model that stands in for a trained segmentor."""

from collections.abc import Mapping
from typing import Any

from mmseg.models import EncoderDecoder
from mmseg.registry import MODELS as MMSEG_MODELS

from mmproto.registry import MODELS

# What the black box has from the concept model, and heads of training only.
SHARED = ('backbone', 'neck', 'auxiliary_head', 'data_preprocessor')


@MODELS.register_module()
class SurrogateEncoderDecoder(EncoderDecoder):
    """A concept model beside the segmentor whose answers it was fitted to.

    Both read the same backbone. The segmentor's own heads are part of the
    model, so that one can ask it what it says itself; they never train.

    Args:
        black_box: Config of the segmentor, an ``EncoderDecoder`` or
            ``CascadeEncoderDecoder`` of mmseg, with its ``decode_head`` and
            ``test_cfg`` and without what it shares.
        **kwargs: Of ``EncoderDecoder``. A neck of the segmentor is a part of
            this ``backbone``: see :class:`mmproto.models.BackboneWithNeck`.

    Attributes:
        black_box: The whole segmentor. Its backbone only refers to this
            model's, its preprocessor is this model's.

    Raises:
        ValueError: If the black box is of another kind, has other classes,
            or brings what is shared.
    """

    def __init__(self, black_box: Mapping, **kwargs: Any) -> None:
        _check(black_box)
        super().__init__(**kwargs)
        self.black_box = MMSEG_MODELS.build(
            dict(
                black_box,
                backbone=dict(
                    type='mmproto.SharedBackbone', backbone=self.backbone
                ),
                data_preprocessor=self.data_preprocessor,
            )
        )
        if self.black_box.num_classes != self.num_classes:
            raise ValueError(
                f'black_box has {self.black_box.num_classes} classes, the '
                f'concept model {self.num_classes}: they have to be the same'
            )
        self.black_box.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> 'SurrogateEncoderDecoder':
        """Set the mode of the concept model; the black box stays as it is."""
        super().train(mode)
        self.black_box.eval()
        return self


def _check(black_box: Mapping) -> None:
    kind = black_box.get('type')
    found = MMSEG_MODELS.get(kind) if isinstance(kind, str) else kind
    if not isinstance(found, type) or not issubclass(found, EncoderDecoder):
        raise ValueError(
            f'black_box is of type {kind!r}; expected an EncoderDecoder or a '
            'CascadeEncoderDecoder of mmseg'
        )
    own = [name for name in SHARED if black_box.get(name)]
    if own:
        raise ValueError(
            f'black_box has {", ".join(own)}; leave it out: the black box '
            'shares the backbone, its neck and the preprocessor of the '
            'concept model'
        )
