"""Export a checkpoint as ONNX: `mmproto export`."""

from mmproto.commands.export import ONNX

if __name__ == '__main__':
    ONNX.run()
