"""Commands: a module each, with its flags and what it does.

Flags are read before torch, mmengine and mmseg are imported, so `--help` and
a mistake on the command line answer at once. That is why the functions that
do the work import what they need themselves.
"""
