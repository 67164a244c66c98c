"""Commands that only pretend to train and to measure."""

import json
from pathlib import Path

# Saves as mmengine does, notes how it was called, and dies when it is told to.
TRAIN = """
import json, os, runpy, signal, sys
from pathlib import Path
config, folder = runpy.run_path(sys.argv[1]), Path(sys.argv[3])
note = folder / 'last_checkpoint'
done = ''
if '--resume' in sys.argv:
    done = Path(config['load_from'] or note.read_text()).stem
begun = int(done.rpartition('_')[2] or 0)
with (folder / 'calls').open('a') as file:
    file.write(json.dumps([begun, config['load_from']]) + '\\n')
print('hello from', folder, flush=True)  # before it dies
step = config['default_hooks']['checkpoint']['interval']
death = folder / 'death'
length = config['train_cfg']['max_iters']
before = config['train_cfg'].get('val_interval', length)
log = folder / f'from_{begun}' / 'vis_data' / 'scalars.json'
log.parent.mkdir(parents=True, exist_ok=True)
seconds = config.get('train_dataloader', {}).get('batch_size', 1)
lines = [
    dict(lr=1, time=seconds, step=1),
    dict(mIoU=7.5, step=before),
    dict(mIoU=8, step=length),
]
log.write_text('\\n'.join(map(json.dumps, lines)))
for iteration in [*range(begun + step, length, step), length]:
    checkpoint = folder / f'iter_{iteration}.pth'
    checkpoint.write_text('')
    note.write_text(f'/moved/since/{checkpoint.name}')
    if death.exists() and iteration == int(death.read_text()):
        os.kill(os.getpid(), signal.SIGKILL)
"""
EVALUATE = """
import json, sys
from pathlib import Path
checkpoint, out = Path(sys.argv[2]), Path(sys.argv[6])
accuracy = {'mIoU': float(checkpoint.stem[5:]), 'IoU.road': 3.0}
sizes = dict(scalars=dict(zero_weights=0.5), per_concept=dict(classes=[1]))
metrics = dict(ExplanationSizeMetric=sizes)
out.write_text(json.dumps(dict(accuracy=accuracy, metrics=metrics)))
"""


def calls(run):
    """Where each training of a run began, and from which checkpoint."""
    lines = Path(run.folder, 'calls').read_text().splitlines()
    return [tuple(json.loads(line)) for line in lines]
