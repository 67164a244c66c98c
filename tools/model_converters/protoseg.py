"""Convert a public ProtoSeg: `mmproto convert-protoseg`."""

from mmproto.commands.convert_protoseg import COMMAND

if __name__ == '__main__':
    COMMAND.run()
