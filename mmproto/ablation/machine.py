"""What a result was computed with: machine and versions."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from mmproto.utils.environment import FORKS, STOCK
from mmproto.version import __version__

CPU_INFO = Path('/proc/cpuinfo')


def describe_machine() -> dict[str, Any]:
    """The processor, its cores, the threads that torch uses, and the GPU."""
    machine = dict(
        cpu=_cpu_model(),
        cores=os.cpu_count(),
        threads=torch.get_num_threads(),
    )
    if torch.cuda.is_available():
        machine['gpu'] = torch.cuda.get_device_name()
    return machine


def describe_versions() -> dict[str, str]:
    """Versions of the packages below; their names tell the stack."""
    versions = {'mmproto': __version__}
    for name in ('torch', *FORKS, *STOCK):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _cpu_model() -> str:
    if CPU_INFO.is_file():  # Linux, where platform knows no more than x86_64
        for line in CPU_INFO.read_text(encoding='utf-8').splitlines():
            key, _, value = line.partition(':')
            if key.strip() == 'model name':
                return value.strip()
    return platform.processor() or platform.machine()
