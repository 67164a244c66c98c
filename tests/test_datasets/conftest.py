import runpy
import sys

import pytest


@pytest.fixture
def run_tool(monkeypatch):
    """Run a tool in this process: a new one would import the stack again."""

    def run(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [str(tool), *map(str, arguments)])
        runpy.run_path(str(tool), run_name='__main__')

    return run
