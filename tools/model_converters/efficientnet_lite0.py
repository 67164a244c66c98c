"""Write ImageNet weights as a file: `mmproto convert-lite0`."""

from mmproto.commands.convert_lite0 import COMMAND

if __name__ == '__main__':
    COMMAND.run()
