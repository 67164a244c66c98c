"""List the concepts of a model: `mmproto concepts`."""

from mmproto.commands.concepts import COMMAND

if __name__ == '__main__':
    COMMAND.run()
