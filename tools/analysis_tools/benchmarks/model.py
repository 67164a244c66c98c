"""The model of one config against that of another."""

import multiprocessing
import re
from argparse import Namespace
from pathlib import Path

import torch
from benchmarks.timing import interleaved_medians
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmproto  # noqa: F401 - configs find their bases


class Candidate:
    """A model of a config with random weights and one batch for it.

    Args:
        path: The config.
        args: The command line.
    """

    def __init__(self, path: str, args: Namespace) -> None:
        cfg = Config.fromfile(path)
        init_default_scope('mmseg')
        torch.manual_seed(0)
        cfg.model.backbone.init_cfg = None
        cfg.model.data_preprocessor.size = tuple(args.size)
        model = revert_sync_batchnorm(MODELS.build(cfg.model))
        self.model = model.to(args.device, memory_format=torch.channels_last)
        self.optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
        classes = cfg.model.decode_head.num_classes
        self.inputs, self.samples = [], []
        for _ in range(args.batch_size):
            labels = torch.randint(0, classes, (1, *args.size))
            sample = SegDataSample(gt_sem_seg=PixelData(data=labels))
            shape = tuple(args.size)
            sample.set_metainfo(dict(img_shape=shape, ori_shape=shape))
            image = torch.randint(0, 256, (3, *args.size), dtype=torch.uint8)
            self.inputs.append(image)
            self.samples.append(sample)

    def train_step(self) -> None:
        """Forward, backward and the optimiser's step."""
        self.model.train()
        batch = dict(inputs=self.inputs, data_samples=self.samples)
        self.model.train_step(batch, self.optimizer)

    def infer(self) -> None:
        """Predict one image."""
        self.model.eval()
        batch = dict(inputs=self.inputs[:1], data_samples=self.samples[:1])
        with torch.no_grad():
            self.model.test_step(batch)


def peak_memory(path: str, act: str, args: Namespace) -> float:
    """Most MiB that two steps of a model need, in a process of its own."""
    context = multiprocessing.get_context('spawn')
    with context.Pool(1) as pool:
        return pool.apply(_memory_of_steps, (path, act, args))


def _memory_of_steps(path: str, act: str, args: Namespace) -> float:
    candidate = Candidate(path, args)
    before = peak_of_process()
    for _ in range(2):
        getattr(candidate, act)()
    if args.device.startswith('cuda'):
        return torch.cuda.max_memory_allocated() / 2**20
    return peak_of_process() - before


def peak_of_process() -> float:
    """Most MiB that this process held so far.

    Linux's own count: the resource module's includes the parent's.
    """
    status = Path('/proc/self/status').read_text()
    return int(re.findall(r'VmHWM:\s+(\d+) kB', status)[0]) / 2**10


def report(title: str, unit: str, values: list[float]) -> None:
    """Print both values and their ratio."""
    ours, peer = values
    print(f'{title}: {ours:.3g} {unit} over {peer:.3g} = {ours / peer:.2f}')


def measure(args: Namespace) -> None:
    """Measure and print."""
    print(f'{args.configs[0]} over {args.configs[1]}')
    print(
        f'{args.batch_size} x {tuple(args.size)} on {args.device}, '
        f'{torch.get_num_threads()} threads'
    )
    both = {path: Candidate(path, args) for path in args.configs}
    for act, title in (('train_step', 'training step'), ('infer', 'image')):
        calls = {path: getattr(both[path], act) for path in both}
        seconds = interleaved_medians(calls, args.repeats)
        report(title, 's', list(seconds.values()))
    del both
    for act, title in (('train_step', 'training'), ('infer', 'inference')):
        memory = [peak_memory(path, act, args) for path in args.configs]
        report(f'memory of {title}', 'MiB', memory)
