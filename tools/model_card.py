"""Write the card of a model: `mmproto card`."""

from mmproto.commands.card import COMMAND

if __name__ == '__main__':
    COMMAND.run()
