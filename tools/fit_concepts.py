"""Fit concepts to a trained segmentor: `mmproto fit`."""

from mmproto.commands.fit import COMMAND

if __name__ == '__main__':
    COMMAND.run()
