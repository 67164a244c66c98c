#!/usr/bin/env bash
# Test under Slurm: slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [FLAGS]
# GPUS in all, GPUS_PER_NODE, CPUS_PER_TASK and SRUN_ARGS come from the
# environment.
set -euo pipefail
here=$(dirname "$0")
per_node=${GPUS_PER_NODE:-4}
# shellcheck disable=SC2086  # SRUN_ARGS is a list of words
srun --partition="$1" --job-name="$2" \
    --ntasks="${GPUS:-4}" \
    --ntasks-per-node="$per_node" \
    --gres="gpu:$per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$here/test.py" "$3" "$4" --launcher slurm "${@:5}"
