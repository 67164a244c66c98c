import pytest

from mmproto.fitting.files import FitFolder, base_name, describe_task
from mmproto.fitting.options import FitOptions
from mmproto.utils.environment import config_path


@pytest.fixture
def folder(tmp_path):
    return FitFolder(tmp_path / 'out')


def test_a_fit_is_taken_up_with_what_was_decided(folder):
    task = folder.begin(dict(concepts=8), resume=False)
    folder.decide(task, iterations=33)
    assert folder.begin(dict(concepts=8), resume=True)['iterations'] == 33


def test_resume_begins_where_there_is_nothing(folder):
    assert folder.begin(dict(concepts=8), resume=True) == dict(concepts=8)


def test_another_task_is_not_taken_up(folder):
    folder.begin(dict(concepts=8), resume=False)
    with pytest.raises(ValueError, match='concepts=8, now it is 9'):
        folder.begin(dict(concepts=9), resume=True)


def test_room_on_the_disk_and_warnings_may_change(folder):
    folder.begin(dict(concepts=8, cache_gb=1.0, min_agreement=0.9), False)
    task = dict(concepts=8, cache_gb=5.0, min_agreement=0.5)
    assert folder.begin(task, resume=True) == task


def test_a_finished_fit_is_not_done_again(folder):
    folder.begin({}, resume=False)
    folder.checkpoint.touch()
    folder.begin({}, resume=True)  # stopped before its report
    folder.report.touch()
    with pytest.raises(ValueError, match='holds a finished fit'):
        folder.begin({}, resume=True)


def test_a_fit_is_not_overwritten(folder):
    folder.begin(dict(concepts=8), resume=False)
    with pytest.raises(ValueError, match='--resume'):
        folder.begin(dict(concepts=8), resume=False)


def test_a_concept_model_of_others_is_not_overwritten(folder):
    folder.root.mkdir()
    folder.checkpoint.touch()
    with pytest.raises(ValueError, match='choose another folder'):
        folder.begin({}, resume=True)


def test_a_folder_that_is_a_file_is_refused(folder):
    folder.root.touch()
    with pytest.raises(ValueError, match='cannot be written'):
        folder.begin({}, resume=False)


def test_tidying_leaves_all_but_checkpoints(folder):
    (folder.work_dir / 'trial').mkdir(parents=True)
    for name in ('start.pth', 'trial/iter_20.pth', 'log.txt'):
        (folder.work_dir / name).touch()
    folder.tidy()
    left = [p.name for p in folder.work_dir.rglob('*') if p.is_file()]
    assert left == ['log.txt']


def test_the_task_knows_the_weights_and_the_options(tmp_path):
    weights = tmp_path / 'a.pth'
    weights.write_bytes(b'1')
    one = describe_task('a.py', weights, None, FitOptions())
    weights.write_bytes(b'2')
    assert describe_task('a.py', weights, None, FitOptions()) != one
    other = FitOptions(sizes=(1.0, 0.5))
    assert describe_task('a.py', weights, None, other)['sizes'] == [1.0, 0.5]


def test_bases_are_named_from_the_folder(tmp_path):
    own = config_path('proto_camvid.py')
    assert base_name(own, tmp_path) == 'mmproto::proto_camvid.py'
    config = tmp_path / 'configs' / 'mine.py'
    there = base_name(config, tmp_path / 'out' / 'fit')
    assert there == '../../configs/mine.py'
