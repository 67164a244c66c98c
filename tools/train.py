"""Train the model of a config: `mmproto train`."""

from mmproto.commands.train import COMMAND

if __name__ == '__main__':
    COMMAND.run()
