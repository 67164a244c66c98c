"""A page of the tiny model, and a real browser that opens it."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from mmproto.utils.origin import Origin
from mmproto.visualization.page import save_pages

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
FLAGS = (
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
)


@pytest.fixture
def origin(tmp_path):
    checkpoint = tmp_path / "o'model.pth"
    checkpoint.write_bytes(b'weights')
    return Origin('config.py', str(checkpoint))


@pytest.fixture
def save(projected, image, origin, tmp_path):
    """Saves the page of the tiny model; its path."""

    def call(**options):
        options = dict(out=tmp_path / 'pages' / 'explain.html') | options
        images = options.pop('images', [image])
        return save_pages(projected, images, origin=origin, **options)[0]

    return call


@pytest.fixture(scope='session')
def browser():
    sync_api = pytest.importorskip('playwright.sync_api')
    found = [path for name in BROWSERS if (path := shutil.which(name))]
    if not found:
        pytest.skip(f'none of {", ".join(BROWSERS)} is installed')
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found[0], args=list(FLAGS)
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Opens a page; fails if anything is asked of another machine."""
    contexts, problems = [], []

    def call(path, anchor='', wait='body[data-ready]', **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on('pageerror', lambda error: problems.append(str(error)))
        page.on('console', lambda said: problems.append(said.text))
        page.on('request', lambda asked: problems.extend(_outside(asked.url)))
        page.goto(Path(path).resolve().as_uri() + anchor)
        page.wait_for_selector(wait)
        return page

    yield call
    for context in contexts:
        context.close()
    assert problems == []


def _outside(url):
    return [] if url.startswith(('file:', 'data:', 'blob:')) else [url]


@pytest.fixture(scope='session')
def axe():
    """The source of axe-core, which finds faults of accessibility."""
    spec = find_spec('axe_playwright_python')
    if spec is None:
        pytest.skip('the package axe-playwright-python is not installed')
    folder = Path(spec.submodule_search_locations[0])
    return (folder / 'axe.min.js').read_text(encoding='utf-8')
