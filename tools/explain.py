"""Explain predictions: `mmproto explain`."""

from mmproto.commands.explain import COMMAND

if __name__ == '__main__':
    COMMAND.run()
