"""One HTML file that loads nothing and sends nothing."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

FOLDER = Path(__file__).parent
SCRIPTS = (
    'dom.js',
    'decode.js',
    'evidence.js',
    'predict.js',
    'explain.js',
    'places.js',
    'announce.js',
    'layers.js',
    'marks.js',
    'chart.js',
    'concept.js',
    'whatif.js',
    'library.js',
    'record.js',
    'controls.js',
    'main.js',
)


def render_page(
    title: str, payload: str, notes: list[str], index: str | None = None
) -> str:
    """Write the page of one picture.

    Args:
        title: Of the page, any text.
        payload: Of :func:`~mmproto.visualization.page.encode.pack`.
        notes: What a reader has to know, any text.
        index: Link to the list of all pages, if there are several.
    """
    return _render(
        'page.html.j2',
        "'use strict';\n" + '\n'.join(_read(name) for name in SCRIPTS),
        title=title,
        payload=payload,
        notes=notes,
        index=index,
    )


def render_index(title: str, entries: list[dict]) -> str:
    """Write the list of the pages of several pictures.

    Args:
        title: Of the page, any text.
        entries: ``name``, ``href``, ``thumbnail`` (a data URI) and ``facts``
            of each page.
    """
    return _render('index.html.j2', '', title=title, entries=entries)


def _render(template: str, script: str, **values: Any) -> str:
    style = _read('page.css')
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
    return environment.get_template(template).render(
        policy='; '.join(policy),
        style=Markup(style),
        script=Markup(script),
        **values,
    )


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding='utf-8')


def _source(text: str) -> str:
    """Let a browser run this very text and no other."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
