"""An explanation as one HTML file that answers questions without a server."""

from .build import Origin, save_pages

__all__ = ['Origin', 'save_pages']
