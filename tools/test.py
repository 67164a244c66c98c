"""Test a checkpoint: `mmproto test`."""

from mmproto.commands.test import COMMAND

if __name__ == '__main__':
    COMMAND.run()
