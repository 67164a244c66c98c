"""Initialise prototypes by clustering: `mmproto init`."""

from mmproto.commands.init import COMMAND

if __name__ == '__main__':
    COMMAND.run()
