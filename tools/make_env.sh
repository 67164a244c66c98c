# One way to make an environment, for quickstart.sh, run_tests.sh and CI:
# they source this file from the root of the checkout.

# glibc hands every large block back to the system when it is freed, and the
# system zeroes it when it is asked for again: in training on a CPU that is a
# third of the time. Keep what was once got.
export MALLOC_MMAP_MAX_=0
export MALLOC_TRIM_THRESHOLD_=100000000000
export MALLOC_TOP_PAD_=268435456

# make_env FOLDER REQUIREMENT...: a virtual environment with the checkout in it
# (`-e .[extras]` is one of the requirements). What is there is used again; the
# install is repeated only if the requirements changed.
make_env() {
    local folder=$1 python=${PYTHON:-python3} stamp
    shift
    stamp=$(cat setup.py pyproject.toml <(echo "$PWD" "$@") | cksum)
    stamp=$folder/.installed-${stamp%% *}
    [ -e "$stamp" ] && return
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
        echo "mmproto needs Python 3.10 or newer: set PYTHON to one." >&2
        return 1
    }
    [ -x "$folder/bin/python" ] ||
        "$python" -m venv --without-pip "$folder" || return
    # Debian ships Python without ensurepip, but with a pip for other folders
    "$folder/bin/python" -m pip --version >/dev/null 2>&1 ||
        "$folder/bin/python" -m ensurepip >/dev/null 2>&1 ||
        "$python" -m pip --python "$folder" install pip || return
    warn_of_a_full_disk "$folder"
    echo "Installing into $folder (2 to 10 minutes, most of it torch)"
    "$folder/bin/python" -m pip install "$@" && touch "$stamp"
}

# PyPI's torch brings CUDA: 6.5 GB, and pip unpacks the downloads beside them.
warn_of_a_full_disk() {
    local free
    free=$(df -Pm "$1" | awk 'NR == 2 {print $4}')
    [ "$free" -ge 10000 ] ||
        echo "Only $free MB are free for $1: torch with CUDA needs 10000." \
            "Make room, or install torch's CPU build there first." >&2
}
