#!/usr/bin/env bash
# Run the tests in .venv: run_tests.sh [FLAGS OF PYTEST]
# PYTHON chooses the interpreter of a new .venv (default: python3).
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/make_env.sh
make_env .venv -e '.[onedl,lite0,test]'
# the tests of pages open them in a browser, and are skipped without one
if ! command -v chromium chromium-browser google-chrome >/dev/null &&
    command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
    apt-get update -qq && apt-get install -y -qq chromium ||
        echo "No Chromium could be installed: tests of pages are skipped." >&2
fi
# a process for each core: every test works in folders of its own
exec .venv/bin/python -m pytest -n auto --maxprocesses 8 "$@"
