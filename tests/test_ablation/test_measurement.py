"""Figures of crafted logs."""

import json

from mmproto.ablation.measurement import (
    device_memory,
    read_logs,
    seconds_step,
    validated_miou,
)


def write(folder, name, lines):
    path = folder / name / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(lines))


def entries(folder, *logs):
    for number, lines in enumerate(logs):
        write(folder, f'2026010{number}', map(json.dumps, lines))
    return read_logs(folder)


def test_seconds_of_training_steps_alone(tmp_path):
    assert seconds_step(read_logs(tmp_path)) is None
    for name, times in zip('ab', [[9.0, 1.0], [2.0, 4.0, 3.0]]):
        lines = [json.dumps(dict(lr=0.1, time=time)) for time in times]
        lines += [json.dumps(dict(mIoU=1.0, time=100.0)), '{"lr": 0.1, "ti']
        write(tmp_path, name, lines)
    other = json.dumps(dict(lr=0.1, time=50.0))
    write(tmp_path / 'measured', 'c', [other])
    assert seconds_step(read_logs(tmp_path)) == 3.0
    write(tmp_path / 'second', 'd', [other])
    write(tmp_path / 'second', 'e', [other] * 5)
    both = read_logs(tmp_path, tmp_path / 'second')
    assert seconds_step(both) == 50.0  # of eleven


def test_validation_of_one_iteration(tmp_path):
    found = entries(
        tmp_path,
        [
            dict(lr=0.1, step=352, mIoU_of_batch=1.0),
            dict(mIoU=40.0, aAcc=80.0, step=184),
            dict(mIoU=50.0, step=352),
        ],
        # resumed before it, once more there
        [dict(mIoU=51.0, step=352), dict(mIoU=45.0, step=368)],
    )
    assert validated_miou(found, 184) == 40.0
    assert validated_miou(found, 352) == 51.0
    assert validated_miou(found, 368) == 45.0
    assert validated_miou(found, 180) is None
    assert validated_miou([dict(mIoU=3.0)], 1) is None


def test_memory_is_logged_on_gpus_alone(tmp_path):
    steps = [dict(lr=0.1, memory=memory) for memory in (900, 1200, 1100)]
    assert device_memory(entries(tmp_path / 'a', steps)) == 1200
    assert device_memory(entries(tmp_path / 'b', [dict(lr=0.1)])) is None
