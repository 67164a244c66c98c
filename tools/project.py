"""Project prototypes onto training patches: `mmproto project`."""

from mmproto.commands.project import COMMAND

if __name__ == '__main__':
    COMMAND.run()
