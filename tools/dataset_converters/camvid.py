"""Convert CamVid: `mmproto convert-camvid`."""

from mmproto.commands.convert_camvid import COMMAND

if __name__ == '__main__':
    COMMAND.run()
