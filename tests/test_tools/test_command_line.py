"""Flags, help and messages of all commands and tools."""

import shlex
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from mmproto import __version__, load_safetensors
from mmproto.__main__ import COMMANDS, load_command, main
from mmproto.commands import ablate, check
from mmproto.commands.flags import config_file

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {'torch', 'mmengine', 'mmcv', 'mmseg', 'matplotlib', 'numpy', 'cv2'}
SCRIPTS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / 'tools').rglob('*.py')
    if path.parent.name != 'benchmarks'
)
# prints the help of a command or script, and what was imported for it
HELP = f"""
import runpy, sys
sys.argv = sys.argv[1:]
try:
    if sys.argv[0] == 'mmproto':
        runpy.run_module('mmproto', run_name='__main__')
    else:
        runpy.run_path(sys.argv[0], run_name='__main__')
except SystemExit as end:
    assert not end.code, end.code
print(sorted({HEAVY} & set(sys.modules)))
"""


def ask_for_help(*words):
    done = subprocess.run(
        [sys.executable, '-c', HELP, *words, '--help'],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ''
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    'words',
    [
        ('mmproto',),
        *(('mmproto', name) for name in COMMANDS),
        *((script,) for script in SCRIPTS),
    ],
    ids=' '.join,
)
def test_help_is_light_and_ends_with_two_examples(words):
    *text, imported = ask_for_help(*words)
    assert imported == '[]'
    call = words if words[0] == 'mmproto' else ('python', *words)
    assert text[-3] == 'examples:'
    for example in text[-2:]:
        assert example.startswith(f'  {" ".join(call)} ')


@pytest.mark.parametrize('name', COMMANDS)
def test_examples_are_valid(name):
    """Both are read without an error, and exist beside the script's."""
    command = load_command(name)
    assert len(command.examples) == 2
    for example in command.examples:
        command.parse(f'mmproto {name}', shlex.split(example))


def test_every_command_but_benchmarks_is_a_tool_and_back():
    """A script only names its command: there is one parser of each."""
    named = set()
    for script in SCRIPTS:
        text = (ROOT / script).read_text()
        if 'benchmark_' not in script:
            assert len(text.splitlines()) < 10, script
            named.add(text.partition('mmproto.commands.')[2].split()[0])
    assert named == {name.replace('-', '_') for name in COMMANDS}


def test_an_unknown_command_lists_the_known():
    with pytest.raises(SystemExit) as end:
        main(['explian'])
    first, *lines = str(end.value).splitlines()
    assert first == "error: there is no command 'explian', only"
    assert [line.split()[0] for line in lines] == [*COMMANDS]
    assert all(len(line.split()) > 3 for line in lines)


def test_version_and_no_arguments(capsys):
    main(['--version'])
    assert capsys.readouterr().out == f'mmproto {__version__}\n'
    main([])
    without = capsys.readouterr().out
    main(['--help'])
    assert capsys.readouterr().out == without != ''


def test_mistakes_end_in_a_sentence_before_anything_heavy(tmp_path):
    done = subprocess.run(
        [sys.executable, '-X', 'importtime', '-m', 'mmproto', 'explain']
        + ['config.py', 'model.pth'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    *imports, said = done.stderr.splitlines()
    assert done.returncode == 1 and done.stdout == ''
    assert said.startswith('error: give either an image or --video IN')
    assert not HEAVY & {line.rpartition('|')[2].strip() for line in imports}


def test_a_config_of_the_package_by_its_name(capsys):
    given = check.COMMAND.parse(None, ['mmproto::proto_camvid.py'])
    assert Path(given.config).samefile(ROOT / 'configs' / 'proto_camvid.py')
    with pytest.raises(SystemExit):
        check.COMMAND.parse(None, ['mmproto::lost.py'])
    assert "no config 'lost.py'; it has deeplabv3" in capsys.readouterr().err


ZOO = 'deeplabv3/deeplabv3_r50-d8_4xb2-40k_cityscapes-512x1024.py'


@pytest.mark.smoke
def test_a_config_of_mmseg_by_its_name(capsys):
    given = check.COMMAND.parse(None, [f'mmseg::{ZOO}'])
    assert given.config.endswith(f'configs/{ZOO}')
    assert Path(given.config).is_file()
    with pytest.raises(SystemExit):
        check.COMMAND.parse(None, [f'mmseg::{ZOO}'.replace('40k', '4k')])
    assert f'near names are {ZOO}, ' in capsys.readouterr().err


def test_every_config_may_be_a_name():
    commands = [load_command(name) for name in COMMANDS]
    configs = [
        action
        for command in commands
        for action in command.parser('mmproto')._actions
        if action.dest == 'config'
    ]
    assert len(configs) > 8
    assert {action.type for action in configs} == {config_file}


def test_a_sweep_of_the_package_by_its_name():
    given = ablate.COMMAND.parse(None, ['mmproto::ablations/camvid.py'])
    shipped = ROOT / 'configs' / 'ablations' / 'camvid.py'
    assert Path(given.sweep).samefile(shipped)


def test_a_folder_is_not_called_like_a_picture(trained, tmp_path):
    out = tmp_path / 'sheet.png'
    with pytest.raises(SystemExit, match='--out is a folder.*sheet.png'):
        main(['explain', *map(str, trained), 'a.png', '--out', str(out)])
    assert not out.exists()


def test_the_ending_says_what_is_exported(trained, tmp_path, capsys):
    main(['export', *trained])
    made = Path(trained[1]).with_suffix('.onnx')
    assert capsys.readouterr().out.splitlines()[-1] == str(made)
    assert onnx.load(made).graph.output
    out = tmp_path / 'other.safetensors'
    main(['export', *trained, '--out', str(out)])
    assert capsys.readouterr().out.splitlines()[-1] == str(out)
    assert load_safetensors(out).decode_head.num_classes == 4


# Stands in for mmseg.datasets and for mmcv: says what they say, and more.
NOISE = """
import logging, warnings
def warn(text, module):
    warnings.warn_explicit(text, UserWarning, f'{module}.py', 1, module)
known = 'Fail to import ``MultiScaleDeformableAttention`` from ' \\
    '``mmcv.ops.multi_scale_deform_attn``, You should install ``mmcv`` ' \\
    'rather than ``mmcv-lite`` if you need this module. '
print('Could not import OneDL')
print('Could not import OneDL, really')
print('We Could not import OneDL')
print('something else')
print('Could not import OneDL')
warn(known, 'mmcv.cnn.bricks.transformer')
warn(known, 'mmcv.cnn.bricks.transformers')
warn('Another warning', 'mmcv.cnn.bricks.transformer')
"""
IMPORT = """
import sys
import mmproto
if sys.argv[1] == 'command':
    from mmproto.commands.quiet import silence_libraries
    silence_libraries()
import mmseg.datasets
print('Could not import OneDL')
"""


@pytest.mark.parametrize('who', ['command', 'package'])
def test_only_known_messages_are_dropped_and_by_commands_only(who, tmp_path):
    package = tmp_path / 'mmseg'
    (package / 'datasets').mkdir(parents=True)
    (package / '__init__.py').touch()
    (package / 'datasets' / '__init__.py').write_text(NOISE)
    done = subprocess.run(
        [sys.executable, '-c', IMPORT, who],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    dropped = who == 'command'
    lost = 'Could not import OneDL'
    others = [f'{lost}, really', f'We {lost}', 'something else']
    printed = [lost, *others, lost, lost]
    if dropped:  # what is printed later is no business of the import
        printed = [*others, lost]
    assert done.stdout.splitlines() == printed
    warned = [
        line.partition(':')[0]
        for line in done.stderr.splitlines()
        if 'Warning' in line
    ]
    module = 'mmcv.cnn.bricks.transformer'
    expected = [f'{module}.py', f'{module}s.py', f'{module}.py']
    assert warned == expected[dropped:]
