"""Installs the stub in every Python process with this folder on its path.

The tests start processes: on the stock stack without compiled operators, run
them with PYTHONPATH=$PWD/tests/stubs/site.
"""

import runpy
from pathlib import Path

stub = Path(__file__).resolve().parent.parent / 'mmcv_ext.py'
runpy.run_path(str(stub))['install']()
