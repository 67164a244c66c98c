"""Export a checkpoint as safetensors: `mmproto export`."""

from mmproto.commands.export import SAFETENSORS

if __name__ == '__main__':
    SAFETENSORS.run()
