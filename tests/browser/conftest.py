"""A real browser, and a page made from the results that are there.

Needs Debian's `chromium`, Chrome, or one that `playwright install chromium` brought; where there is
none the checks are skipped, and `make test-browser` installs it.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright
from published_report import published_root

__all__ = ["browser", "published_root"]

PLACES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = "run `make test-browser`, which installs one"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    path = next(filter(None, map(shutil.which, PLACES)), None)
    with sync_playwright() as driver:
        if path is None and not Path(driver.chromium.executable_path).is_file():
            pytest.skip(f"no chromium on this machine; {INSTALL}")
        # a container's root may not use the browser's own sandbox; the page is our own
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()
