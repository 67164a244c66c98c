"""Convert Car-Parts: `mmproto convert-car-parts`."""

from mmproto.commands.convert_car_parts import COMMAND

if __name__ == '__main__':
    COMMAND.run()
