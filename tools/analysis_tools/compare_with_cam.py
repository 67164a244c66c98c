"""Compare with class activation maps: `mmproto compare-cam`."""

from mmproto.commands.compare_cam import COMMAND

if __name__ == '__main__':
    COMMAND.run()
