"""Model cards: what a model is, can do and cannot do, in Markdown."""

from .card import write_card as write_card
