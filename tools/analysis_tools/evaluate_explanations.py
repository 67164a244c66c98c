"""Measure explanations: `mmproto evaluate`."""

from mmproto.commands.evaluate import COMMAND

if __name__ == '__main__':
    COMMAND.run()
