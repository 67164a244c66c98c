"""The command line of a fit."""

import pytest

from mmproto.commands.fit import COMMAND
from mmproto.fitting import fit as fitting
from mmproto.fitting.options import FitOptions


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / 'box.py', tmp_path / 'box.pth']
    for path in paths:
        path.touch()
    return [str(path) for path in paths]


def test_flags_become_options(files, monkeypatch):
    seen = {}

    def stopped(config, checkpoint, out, options, **others):
        seen.update(options=options, out=out, **others)
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, 'fit_concepts', stopped)
    flags = (
        '--out why --target model --concepts 40 --layers 2 3 --minutes 2.5 '
        '--min-agreement 0.8 --cache-gb 3 --batch-size 4 --sizes 1 0.5 '
        '--seed 7 --resume --trust-checkpoint'
    )
    with pytest.raises(SystemExit, match='--resume goes on from here'):
        COMMAND.run('mmproto fit', [*files, *flags.split()])
    assert seen == dict(
        options=FitOptions(
            layers=(2, 3),
            concepts=40,
            minutes=2.5,
            target='model',
            min_agreement=0.8,
            sizes=(1.0, 0.5),
            batch_size=4,
            cache_gb=3.0,
            seed=7,
        ),
        out='why',
        data=None,
        resume=True,
        trusted=True,
    )


def test_without_flags_there_are_the_defaults(files, monkeypatch):
    seen = []

    def stopped(config, checkpoint, out, options, **others):
        seen.append((options, others))
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, 'fit_concepts', stopped)
    with pytest.raises(SystemExit):
        COMMAND.run('mmproto fit', [*files, '--out', 'why'])
    assert seen == [
        (FitOptions(), dict(data=None, resume=False, trusted=False))
    ]


def test_two_lengths_are_refused(files, capsys):
    flags = ['--out', 'why', '--max-iters', '50', '--minutes', '1']
    with pytest.raises(SystemExit):
        COMMAND.run('mmproto fit', [*files, *flags])
    assert 'not allowed with' in capsys.readouterr().err
