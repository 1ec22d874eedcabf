#!/usr/bin/env python3
"""The pictures of docs/report.md: the report of `prod` after four weeks on the built-in Azure.

Run it with `.venv/bin/python scripts/report_pictures.py`; it needs Chromium, and pdftoppm for the
picture of a printed page. Nothing leaves this machine.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from provisioner.cli.workspace import load_catalog
from provisioner.reports.report_html import render_report_html
from scripts.prod_reports import make_reports
from tests.browser.chromium import find_chromium

PICTURES = ROOT / "docs" / "pictures"
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")


def shoot(page: str, name: str, size: tuple[int, int], *, dark: bool = False) -> None:
    """Write the picture of a page in a window of a size (pixels)."""
    width, height = size
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page, encoding="utf-8")
        run_chromium(
            folder,
            f"--window-size={width},{height}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--screenshot={PICTURES / name}",
            file.as_uri(),
        )


def run_chromium(folder: str, *arguments: str) -> None:
    """Run Chromium with a profile of its own."""
    command = [find_chromium(), *_FLAGS, f"--user-data-dir={folder}/profile", *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def only(page: str, *sections: str) -> str:
    """Return a page in which these sections of its first environment alone are left."""
    shown = ",".join(f"section.part[aria-label^='{name} of']" for name in sections)
    style = f"section.part:not({shown}),header.top,nav.contents,footer{{display:none!important}}"
    page = re.sub(r"style-src [^;]*;", "style-src 'unsafe-inline';", page)
    frame = ".frame.grid{display:block!important;padding-top:24px!important}"
    frame += "section.env,section.part{padding-top:0!important}"
    frame += "section.part+section.part{padding-top:32px!important}"
    return page.replace("</style>", f"{style}{frame}</style>", 1)


def print_page(page: str, name: str) -> None:
    """Write the picture of the first page of a page's print."""
    if shutil.which("pdftoppm") is None:
        sys.exit("needs pdftoppm (apt-get install poppler-utils)")
    with tempfile.TemporaryDirectory() as folder:
        file, printed = Path(folder) / "page.html", Path(folder) / "page.pdf"
        file.write_text(page, encoding="utf-8")
        run_chromium(folder, "--no-pdf-header-footer", f"--print-to-pdf={printed}", file.as_uri())
        target = str((PICTURES / name).with_suffix(""))
        command = ["pdftoppm", "-png", "-r", "90", "-f", "1", "-l", "1", "-singlefile"]
        subprocess.run([*command, str(printed), target], check=True, timeout=120)


def main() -> None:
    """Make the reports, and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    *_, report = make_reports(load_catalog())
    page = render_report_html(report)
    shoot(page, "report-posture.png", (1280, 1080))
    shoot(
        only(page, "Trend", "Drift", "Waivers and attestations"), "report-trend.png", (1100, 1130)
    )
    shoot(only(page, "Network"), "report-network.png", (1280, 1010))
    shoot(page, "report-phone.png", (500, 1240), dark=True)
    print_page(page, "report-print.png")
    for path in sorted(PICTURES.glob("report-*.png")):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
