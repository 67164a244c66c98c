"""Convert a public ScaleProtoSeg."""

from mmproto.commands.convert_scaleprotoseg import COMMAND

if __name__ == '__main__':
    COMMAND.run()
