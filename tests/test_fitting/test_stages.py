"""The choice of stages, sizes and dilation rates, by hand."""

import pytest

from mmproto.fitting.found_maps import FoundMaps
from mmproto.fitting.stages import choose_stages


def found(image, *maps, read=None):
    """Maps of (channels, rows, columns) for an image of a size."""
    shapes = tuple((1, *m) if isinstance(m, tuple) else m for m in maps)
    read = tuple(range(len(maps))) if read is None else read
    return FoundMaps(image, shapes, read)


def pyramid(rows, columns, *strides):
    return [(8 * s, -(-rows // s), -(-columns // s)) for s in strides]


@pytest.mark.parametrize(
    ('image', 'cells', 'stride'),
    [
        ((360, 480), (45, 60), 8),
        ((360, 480), (23, 30), 16),
        ((360, 480), (12, 15), 32),
        ((512, 512), (36, 36), 14),  # a patch of 14 pixels is not one of 16
        ((512, 512), (512, 512), 1),
        ((375, 500), (93, 125), 4),  # rounded down
        ((321, 321), (41, 41), 8),
    ],
)
def test_strides_are_powers_of_two_unless_they_are_not(image, cells, stride):
    assert found(image, (3, *cells)).stride(0) == stride


def test_the_finest_map_at_stride_8_or_more_says_how_fine():
    maps = pyramid(512, 1024, 4, 8, 16, 32)
    choice = choose_stages(found((512, 1024), *maps))
    assert choice.stages == (0, 1, 2, 3)
    assert choice.channels == (32, 64, 128, 256)
    assert choice.strides == (4, 8, 16, 32)
    assert (choice.size_index, choice.pool, choice.stride) == (1, 1, 8)
    assert choice.dilations == (1, 2, 4, 8)


def test_only_what_is_read_counts():
    maps = pyramid(512, 512, 4, 8, 16, 32)
    choice = choose_stages(found((512, 512), *maps, read=(0, 3)))
    assert choice.stages == (0, 3)
    assert (choice.size_index, choice.stride) == (3, 32)
    assert choice.dilations == (1, 2, 4)


def test_layers_that_are_asked_for_win():
    maps = pyramid(512, 512, 4, 8, 16, 32)
    choice = choose_stages(found((512, 512), *maps, read=(3,)), [2, 1, 2])
    assert choice.stages == (1, 2)
    assert choice.size_index == 1
    assert choice.reasons[0] == 'Maps 1, 2: asked for.'


@pytest.mark.parametrize(
    ('image', 'strides', 'size_index', 'pool', 'stride'),
    [
        ((512, 512), (1,), 0, 8, 8),
        ((512, 512), (2, 4), 1, 2, 8),
        ((96, 96), (1,), 0, 4, 4),  # 12 rows at stride 8 would say little
        ((96, 96), (4, 8, 16), 0, 1, 4),
        ((128, 128), (4, 8, 16), 1, 1, 8),
        ((127, 300), (4, 8, 16), 0, 1, 4),
    ],
)
def test_maps_that_are_all_finer_are_pooled(
    image, strides, size_index, pool, stride
):
    choice = choose_stages(found(image, *pyramid(*image, *strides)))
    assert (choice.size_index, choice.pool) == (size_index, pool)
    assert choice.stride == stride


@pytest.mark.parametrize(
    ('image', 'stride', 'dilations'),
    [
        ((512, 512), 8, (1, 2, 4, 8)),
        ((512, 512), 16, (1, 2, 4)),
        ((512, 512), 32, (1, 2, 4)),
        ((128, 512), 8, (1, 2, 4, 8)),  # 16 rows: 8 is half of them
        ((128, 512), 16, (1, 2, 4)),
        ((128, 512), 32, (1, 2)),  # 4 rows
        ((128, 512), 64, (1,)),
    ],
)
def test_no_rate_is_above_half_of_the_smaller_side(image, stride, dilations):
    maps = pyramid(*image, stride)
    assert choose_stages(found(image, *maps)).dilations == dilations


def test_reasons_are_sentences_with_the_numbers():
    maps = pyramid(360, 480, 2, 4, 8, 16)
    choice = choose_stages(found((360, 480), *maps, read=(0, 3)))
    assert choice.reasons == (
        "Maps 0, 3: what the model's own prediction depends on.",
        'Working stride 16, that of map 3: the finest at stride 8 or more.',
        'Dilation rates 1, 2, 4: octaves, for a map of 23 x 30 cells at '
        'stride 16.',
    )


def test_a_map_that_cannot_be_used_is_left_out():
    maps = [(64, 64, 64), (256, 1, 1)]
    choice = choose_stages(found((512, 512), *maps))
    assert choice.stages == (0,)
    assert choice.reasons[1] == (
        'Map 1 left out: it has a single row or column of cells.'
    )


@pytest.mark.parametrize(
    ('maps', 'said'),
    [
        ([(1000, 1, 1)], r'map 0 has a single row.*\(1, 1000, 1, 1\)'),
        ([(16, 1, 64)], 'map 0 has a single row'),
        ([(256, 1024)], r'map 0 is not a map \(N,C,H,W\).*\(1, 256, 1024\)'),
        (['[(1, 8, 32, 64), (1, 8)]'], r'Found \[\(1, 8, 32, 64\), \(1, 8\)'),
        ([(8, 64, 64)], 'map 0 has other proportions than the image'),
        ([], 'the prediction depends on none'),
    ],
)
def test_what_cannot_be_used_is_named_with_its_shape(maps, said):
    with pytest.raises(ValueError, match=said) as error:
        choose_stages(found((256, 512), *maps))
    assert '256 x 512 pixels' in str(error.value)


@pytest.mark.parametrize('layers', [[2], [-1], [0, 5], []])
def test_layers_that_are_not_there_are_refused(layers):
    maps = pyramid(256, 256, 8, 16)
    with pytest.raises(ValueError, match='among the 2 maps') as error:
        choose_stages(found((256, 256), *maps), layers)
    assert '(1, 64, 32, 32), (1, 128, 16, 16)' in str(error.value)


def test_a_layer_that_cannot_be_used_is_refused_rather_than_left_out():
    with pytest.raises(ValueError, match='map 1 has a single row'):
        choose_stages(found((256, 256), (8, 32, 32), (8, 1, 1)), [0, 1])
