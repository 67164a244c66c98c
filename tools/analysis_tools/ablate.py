"""Train and measure an ablation: `mmproto ablate`."""

from mmproto.commands.ablate import COMMAND

if __name__ == '__main__':
    COMMAND.run()
