"""The card: an explanation in short, for a paper or a report."""

from .figure import draw_card, save_card
from .markdown import card_markdown

__all__ = ['card_markdown', 'draw_card', 'save_card']
