"""What people write into a generated text stays there."""

import pytest

from mmproto.model_card.blocks import fill_blocks, make_block, read_blocks

TEXT = """# A

<!-- hand-written: first -->
one

  <b>two</b>
<!-- end of first -->

between
<!-- hand-written: second-2 -->
<!-- end of second-2 -->
"""


def test_blocks_are_found():
    assert read_blocks(TEXT) == {
        'first': 'one\n\n  <b>two</b>',
        'second-2': '',
    }
    assert read_blocks('') == {} == read_blocks('<!-- a comment -->')
    assert make_block('first', 'one\n\n  <b>two</b>') in TEXT


def test_generated_text_is_filled():
    new = f'# B\n\n{make_block("a", "say")}\n\n{make_block("b", "say")}\n'
    kept = dict(b='said\n\\1 {x}\n', other='more\n')
    filled = fill_blocks(new, kept)
    assert filled == (
        '# B\n\n<!-- hand-written: a -->\nsay\n<!-- end of a -->\n\n'
        '<!-- hand-written: b -->\nsaid\n\\1 {x}\n\n<!-- end of b -->\n\n'
        '## More\n\n'
        '<!-- hand-written: other -->\nmore\n\n<!-- end of other -->\n'
    )
    assert read_blocks(filled) == dict(a='say', **kept)
    assert fill_blocks(new, read_blocks(filled)) == filled


@pytest.mark.parametrize(
    'text, message',
    [
        ('<!-- hand-written: a -->\n', '"<!-- end of a -->": it is missing'),
        ('<!-- end of a -->\n', "line 1, '<!-- end of a -->'"),
        (TEXT + TEXT, "line 14, '<!-- hand-written: first -->'"),
        (
            '<!-- hand-written: a -->\n<!-- hand-written: b -->\n'
            '<!-- end of b -->\n<!-- end of a -->',
            "line 2, '<!-- hand-written: b -->'",
        ),
        ('<!-- hand-written: a -->\n<!-- end of b -->', 'line 2'),
        ('<!-- hand-written: A b -->', 'lower case'),
        ('x <!--hand-written: a -->', 'on its own line'),
    ],
)
def test_damaged_blocks_are_named(text, message):
    with pytest.raises(ValueError, match=message):
        read_blocks(text)
