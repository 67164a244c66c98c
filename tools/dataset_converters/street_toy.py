"""Draw street scenes: `mmproto draw-scenes`."""

from mmproto.commands.draw_scenes import COMMAND

if __name__ == '__main__':
    COMMAND.run()
