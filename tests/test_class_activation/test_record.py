"""What the deletion curves say in words."""

import pytest

from mmproto.class_activation.record import describe_areas

NEAREST = 'Nearest first, which knows nothing of the model, is as good as '
RANDOM = 'Random order, which knows nothing of the model, is as good as '


def areas(**values):
    orders = {
        order: dict(area=area, standard_error=None, curve=[])
        for order, area in values.items()
    }
    return dict(
        regions=dict(pixel=dict(orders=orders), segment=dict(orders=orders))
    )


@pytest.mark.parametrize(
    ('values', 'said'),
    [
        (dict(cam=0.1, concepts=0.1, nearest=0.2, random=0.5), ''),
        (
            dict(cam=0.1, concepts=0.3, nearest=0.2, random=0.5),
            f'{NEAREST}concepts or better.',
        ),
        (
            dict(cam=0.5, concepts=0.3, nearest=0.3, random=0.5),
            f'{NEAREST}class activation map and concepts or better. '
            f'{RANDOM}class activation map or better.',
        ),
    ],
)
def test_a_number_that_a_trivial_order_reaches_is_no_merit(values, said):
    first, second = describe_areas(areas(**values))
    assert second == first.replace('the pixel', 'the segment')
    numbers, _, rest = first.partition('. ')
    assert rest == said
    assert f'concepts {values["concepts"]:.3f}' in numbers


def test_errors_stand_beside_the_areas():
    record = areas(cam=0.1, concepts=0.1, nearest=0.2, random=0.5)
    record['regions']['pixel']['orders']['cam']['standard_error'] = 0.0126
    assert 'map 0.100 ± 0.013, concepts 0.100, ' in describe_areas(record)[0]
    assert '±' in describe_areas(record)[1]  # the same orders
