"""An explanation as one HTML file that answers questions without a server."""

from .build import save_pages as save_pages
