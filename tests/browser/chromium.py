"""Opens a page in headless Chromium, with no network, and returns what it made of it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SECONDS = 120


def find_chromium() -> str:
    """Return the path of Chromium. Without one the test is skipped, or fails in CI."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no chromium: .ci/run installs Debian's package")
        pytest.skip("needs chromium (apt-get install chromium)")
    return found


def dump_dom(page: str, folder: Path, *, dark: bool = False) -> str:
    """Return the HTML of a page after its scripts have run."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [
        find_chromium(),
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'profile'}",
        "--window-size=1600,1200",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        "--virtual-time-budget=20000",
        "--dump-dom",
        file.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
