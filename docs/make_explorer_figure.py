"""Make figures/explorer.png anew, from the page itself.

Run it as ``.venv/bin/python docs/make_explorer_figure.py``. It takes the extra ``explorer``,
Playwright and Debian's Chromium, which is why ``make docs`` leaves it out.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from danskin.explorer.serve import running

CHROMIUM = "/usr/bin/chromium"
PICTURE = Path(__file__).parent / "figures" / "explorer.png"


def main() -> None:
    """Write the first view of the page, 1280 pixels wide, as a PNG of 128 colours."""
    with running() as url, sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page.goto(url)
        page.locator(".verdict").first.wait_for()
        page.wait_for_timeout(500)
        drawn = page.screenshot(full_page=True)
        browser.close()
    with Image.open(io.BytesIO(drawn)) as image:
        image.convert("RGB").quantize(128).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
