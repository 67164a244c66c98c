"""Prototypes of a finished or growing model, found in its own latents.

Initialise them from clusters (``initialization``), restart dead ones
(``reseeding``), move them to training latents (``projection``), drop
superfluous ones (``pruning``), and show the training patches that they became
(``patches``). All of it reads the data through ``features``.
"""
