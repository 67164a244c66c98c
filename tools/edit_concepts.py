"""Edit concepts, with an audit log: `mmproto edit`."""

from mmproto.commands.edit import COMMAND

if __name__ == '__main__':
    COMMAND.run()
