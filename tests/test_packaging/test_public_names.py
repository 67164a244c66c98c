"""A public name of the package means one thing."""

import ast
from collections import defaultdict
from pathlib import Path

import mmproto

ROOT = Path(mmproto.__file__).parent
# every command has them: flags, and what they lead to
OF_COMMANDS = {'add_arguments', 'work'}


def test_no_public_name_is_defined_twice():
    places = defaultdict(list)
    for path in ROOT.rglob('*.py'):
        if '.mim' in path.parts:
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                places[node.name].append(path.relative_to(ROOT).as_posix())
    assert len(places) > 500
    twice = {
        name: found
        for name, found in places.items()
        if len(found) > 1 and name[0] != '_' and name not in OF_COMMANDS
    }
    assert not twice
