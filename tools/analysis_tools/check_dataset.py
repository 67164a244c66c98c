"""Check the data sets of a config: `mmproto check`."""

from mmproto.commands.check import COMMAND

if __name__ == '__main__':
    COMMAND.run()
