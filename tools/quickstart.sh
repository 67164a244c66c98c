#!/usr/bin/env bash
# From a fresh clone to an explained prediction on drawn street scenes.
# PYTHON chooses the interpreter of a new .venv (default: python3).
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/make_env.sh
make_env .venv -e '.[onedl,lite0]'

python=.venv/bin/python
config=configs/proto_street_toy.py
data=data/street_toy
work=work_dirs/quickstart

echo "1/4  Drawing street scenes into $data"
"$python" tools/dataset_converters/street_toy.py \
    --out "$data" --train 300 --val 40 --unseen 20 --seed 0

echo "2/4  Training, and projecting the prototypes at the end"
"$python" tools/train.py "$config" --work-dir "$work"
checkpoint=$(cat "$work/last_checkpoint")

echo "3/4  Testing the projected model"
"$python" tools/test.py "$config" "$checkpoint" --work-dir "$work" |
    tee "$work/test.log"
miou=$(sed -n 's/.* mIoU: \([0-9.]*\).*/\1/p' "$work/test.log" | tail -n 1)
echo "val mIoU after projection: $miou %"

# pages to click in, then a picture of one point: its path is printed last
echo "4/4  Explaining predictions"
images=("$data"/leftImg8bit/val/*/*_leftImg8bit.png)
"$python" tools/explain.py "$config" "$checkpoint" "${images[@]:0:8}" \
    --out "$work/pages/index.html"
"$python" tools/explain.py "$config" "$checkpoint" "${images[0]}" \
    --out "$work/explanation"
