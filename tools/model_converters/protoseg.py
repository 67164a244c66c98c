"""Write a public ProtoSeg checkpoint as one of mmproto.

The public code saves whole pickled models, which could run any code when they
are loaded. Where that code runs, export tensors first: model =
torch.load('model.pth'); torch.save(dict(state_dict=model.state_dict(),
prototype_class_identity=model.prototype_class_identity), 'exported.pth').
"""

from mmproto.model_conversion import convert_protoseg
from mmproto.model_conversion.command import run_converter

if __name__ == '__main__':
    run_converter(convert_protoseg, __doc__, 10, 'a class')
