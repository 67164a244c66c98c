"""Compare the systems of a data set: `mmproto compare`."""

from mmproto.commands.compare import COMMAND

if __name__ == '__main__':
    COMMAND.run()
