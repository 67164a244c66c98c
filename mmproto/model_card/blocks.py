"""Blocks of a generated text that belong to people: they write them.

A block stands between two marks, each on its own line::

    <!-- hand-written: intended-use -->
    ...
    <!-- end of intended-use -->
"""

import re
from collections.abc import Mapping

OPEN = re.compile(r'<!-- hand-written: ([a-z0-9-]+) -->')
CLOSE = re.compile(r'<!-- end of ([a-z0-9-]+) -->')
# whatever may be meant as one of these marks
MARK = re.compile(r'<!--\s*(hand-written|end of)\b')


def make_block(name: str, text: str) -> str:
    """Write a block.

    Args:
        name: Name of lower case letters, digits and hyphens.
        text: Content of the block.
    """
    return f'<!-- hand-written: {name} -->\n{text}\n<!-- end of {name} -->'


def read_blocks(text: str) -> dict[str, str]:
    """Find the blocks of a text.

    Args:
        text: Text of a file.

    Returns:
        Content of each block, by name, in the order of the text.

    Raises:
        ValueError: If a block is not closed, is inside another one or appears
            twice, or if a line looks like a mark but is not one.
    """
    blocks: dict[str, str] = {}
    name = ''
    content: list[str] = []
    for number, line in enumerate(text.split('\n'), 1):
        opened, closed = OPEN.fullmatch(line), CLOSE.fullmatch(line)
        if opened and not name and opened[1] not in blocks:
            name, content = opened[1], []
        elif closed and closed[1] == name:
            blocks[name], name = '\n'.join(content), ''
        elif MARK.search(line):
            raise ValueError(
                f'line {number}, {line!r}, neither opens nor closes a block '
                'of its own name; write "<!-- hand-written: NAME -->" and '
                '"<!-- end of NAME -->", each once and on its own line, NAME '
                'of lower case letters, digits and hyphens'
            )
        else:
            content.append(line)
    if name:
        raise ValueError(f'add "<!-- end of {name} -->": it is missing')
    return blocks


def fill_blocks(text: str, kept: Mapping[str, str]) -> str:
    """Put what people wrote into a generated text.

    Args:
        text: Text with blocks.
        kept: Earlier content of the blocks, by name. Blocks that the text
            lacks come last, under a title of their own.
    """
    own = read_blocks(text)
    for name, content in own.items():
        before = make_block(name, content)
        text = text.replace(before, make_block(name, kept.get(name, content)))
    more = [make_block(*item) for item in kept.items() if item[0] not in own]
    if more:
        text = '\n\n'.join([text.rstrip('\n'), '## More', *more]) + '\n'
    return text
