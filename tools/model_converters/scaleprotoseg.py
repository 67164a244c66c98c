"""Write a public ScaleProtoSeg checkpoint as one of mmproto.

The public code saves whole pickled models, which could run any code when they
are loaded. Where that code runs, export tensors first: model =
torch.load('model.pth'); torch.save(dict(state_dict=model.state_dict(),
prototype_class_identity=model.prototype_class_identity,
scale_num_prototypes=model.scale_num_prototypes), 'exported.pth').
"""

from mmproto.model_conversion import convert_scaleprotoseg
from mmproto.model_conversion.command import run_converter

if __name__ == '__main__':
    run_converter(convert_scaleprotoseg, __doc__, 3, 'a class and scale')
