"""Installs the stub in every Python process with this folder on its path."""

import runpy
from pathlib import Path

stub = Path(__file__).resolve().parent.parent / 'mmcv_ext.py'
runpy.run_path(str(stub))['install']()
