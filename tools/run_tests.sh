#!/usr/bin/env bash
# Run the tests in .venv: run_tests.sh [FLAGS OF PYTEST]
# PYTHON chooses the interpreter of a new .venv (default: python3).
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/make_env.sh
make_env .venv -e '.[onedl,lite0,test]'
exec .venv/bin/python -m pytest "$@"
