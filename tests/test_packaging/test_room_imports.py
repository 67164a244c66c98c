"""Imports of the package run one way, from room to room, without a circle."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A room imports from those before it. Rooms of one line know nothing of
# each other.
ROOMS = (
    ('version', 'registry'),
    ('utils',),
    ('models', 'datasets'),
    ('prototypes',),
    ('feature_cache',),
    ('checkpoints',),
    ('explanations',),
    ('visualization',),
    ('evaluation', 'editing', 'exporting', 'confusions'),
    ('model_card', 'model_conversion', 'class_activation'),
    ('engine',),
    ('fitting',),
    ('ablation',),
    ('commands',),
)


def module_name(path, root):
    """Dotted name of a file of the package."""
    parts = path.relative_to(root).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imported_names(tree, package):
    """Every dotted name that a module imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split('.')[: 1 - node.level or None]
            origin = [*above] if node.level else []
            origin = '.'.join([*origin, *filter(None, [node.module])])
            yield from (f'{origin}.{alias.name}' for alias in node.names)


def import_graph(root, package='mmproto'):
    """Modules of the package that each of its modules imports."""
    files = {
        module_name(path, root): path
        for path in (root / package).rglob('*.py')
        if '.mim' not in path.parts
    }
    graph = {}
    for name, path in files.items():
        is_package = path.name == '__init__.py'
        parent = name if is_package else name.rpartition('.')[0]
        names = imported_names(ast.parse(path.read_text()), parent)
        found = (n if n in files else n.rpartition('.')[0] for n in names)
        graph[name] = {n for n in found if n in files} - {name}
    return graph


def room_of(module):
    return module.split('.')[1] if '.' in module else ''


@pytest.fixture(scope='module')
def graph():
    return import_graph(ROOT)


def test_no_circle_of_modules(graph):
    assert len(graph) > 100
    TopologicalSorter(graph).prepare()  # raises where there is a circle


def test_rooms_import_one_way(graph):
    rank = {room: i for i, line in enumerate(ROOMS) for room in line}
    rooms = {room_of(module) for module in graph} - {'', '__main__'}
    assert rooms == set(rank), 'a room is missing from ROOMS, or gone'
    against = sorted(
        f'{module} imports {other}'
        for module, others in graph.items()
        for other in others
        if room_of(module) in rank
        and room_of(other) in rank
        and room_of(module) != room_of(other)
        and rank[room_of(module)] <= rank[room_of(other)]
    )
    assert not against, '\n'.join(against)


@pytest.mark.parametrize(
    'second',
    [
        'import planted.first',
        'from . import first',
        'from .first import x',
        'def f():\n    from planted import first',
        'from planted.first import x as y',
    ],
)
def test_a_planted_circle_is_found(tmp_path, second):
    package = tmp_path / 'planted'
    package.mkdir()
    (package / '__init__.py').touch()
    (package / 'first.py').write_text('from planted.second import x\n')
    (package / 'second.py').write_text(second)
    with pytest.raises(CycleError):
        TopologicalSorter(import_graph(tmp_path, 'planted')).prepare()
