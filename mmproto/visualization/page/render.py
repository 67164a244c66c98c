"""One HTML file that loads nothing and sends nothing."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mmproto.models.surrogate_record import percent

FOLDER = Path(__file__).parent


def render_page(**values: Any) -> str:
    """Write the page of one picture.

    Args:
        values: What ``page.html.j2`` shows; texts may hold anything.
    """
    scripts = [_read(path) for path in sorted(FOLDER.glob('*.js'))]
    script = "'use strict';\n" + '\n'.join(scripts)
    return _render('page.html.j2', script, values)


def render_index(entries: list[dict], surrogate: dict | None = None) -> str:
    """Write the list of the pages of several pictures.

    Args:
        entries: ``name``, ``href``, ``thumbnail`` (a data URI) and ``facts``
            of each page.
        surrogate: What the model says about being one, if it is.
    """
    values = dict(entries=entries, surrogate=surrogate)
    return _render('index.html.j2', '', values)


def _render(template: str, script: str, values: dict[str, Any]) -> str:
    style = _read(FOLDER / 'page.css')
    policy = [
        "default-src 'none'",
        'img-src data: blob:',
        f'style-src {_source(style)}',
        f'script-src {_source(script)}' if script else "script-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters['percent'] = percent
    return environment.get_template(template).render(
        policy='; '.join(policy),
        style=Markup(style),
        script=Markup(script),
        **values,
    )


def _read(path: Path) -> str:
    return path.read_text(encoding='utf-8')


def _source(text: str) -> str:
    """Let a browser run this very text and no other."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
