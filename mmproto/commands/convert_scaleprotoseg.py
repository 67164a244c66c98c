"""Write a public ScaleProtoSeg checkpoint as one of mmproto.

The public code saves whole pickled models, which could run any code when they
are loaded. Where that code runs, export tensors first: model =
torch.load('model.pth'); torch.save(dict(state_dict=model.state_dict(),
prototype_class_identity=model.prototype_class_identity,
scale_num_prototypes=model.scale_num_prototypes), 'exported.pth').
"""

from functools import partial

from mmproto.commands.command import Command
from mmproto.commands.convert_protoseg import EXAMPLES, add_arguments, work

COMMAND = Command(
    __doc__,
    EXAMPLES,
    partial(add_arguments, prototypes=3, of='a class and scale'),
    partial(work, system='scaleprotoseg'),
)
