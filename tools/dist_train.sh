#!/usr/bin/env bash
# Train on GPUS processes of this machine: dist_train.sh CONFIG GPUS [FLAGS]
# More machines: run it on each with NNODES, NODE_RANK and MASTER_ADDR set.
# On CPUs: add --cfg-options env_cfg.dist_cfg.backend=gloo
set -euo pipefail
here=$(dirname "$0")
"${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node_rank="${NODE_RANK:-0}" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    --nproc_per_node="$2" \
    "$here/train.py" "$1" --launcher pytorch "${@:3}"
