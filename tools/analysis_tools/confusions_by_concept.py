"""Find what causes confusions: `mmproto confusions`."""

from mmproto.commands.confusions import COMMAND

if __name__ == '__main__':
    COMMAND.run()
