"""Take the pictures of docs/: comments on a pull request, as GitHub shows them.

    python -m scripts.picture_comments

Plans, applies and changes `environments/dev.yaml` on a built-in Azure in a temporary folder, and
photographs the Markdown that `azsec` prints in Chromium. Run it when the Markdown of a plan changed
(about a minute).
"""

import contextlib
import io
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from tests.browser.chromium import find_chromium
from tests.browser.comment_page import comment_page

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
LOCAL = ["--cloud", "local"]

CHANGES = (
    (
        "vmSize: Standard_D4ds_v5, minCount: 1, maxCount: 3",
        "vmSize: Standard_D8ds_v5, minCount: 1, maxCount: 5",
    ),
    ("upgradeChannel: stable", "upgradeChannel: patch"),
    ("bastionSources: [203.0.113.0/24]", "bastionSources: [203.0.113.0/24, 198.51.100.0/24]"),
)
"""What the pull request changes in the environment's file."""

TEAM = re.compile(r"  namespaces:\n(    .*\n)+")


def run(*words: str) -> str:
    """Run azsec in this process; return what it printed on stdout."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        run_guarded(app, list(words))
    return out.getvalue()


def photograph(markdown: str, target: Path, height: int) -> None:
    """Write the picture of a comment, cut at `height` pixels."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(comment_page({target.stem: markdown}), encoding="utf-8")
        command = [
            find_chromium(), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--disable-dev-shm-usage", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder}/profile", f"--window-size=880,{height}",
            f"--screenshot={target}", page.as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=120)


def main() -> None:
    """Take all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        os.environ.pop("AZSEC_LOCAL_ENDPOINT", None)
        for name in ("blueprints", "environments"):
            shutil.copytree(ROOT / name, name)
        first = run("plan", "dev", *LOCAL, "-o", "markdown")
        photograph(first, PICTURES / "first-plan.png", 1500)
        run("apply", "dev", *LOCAL, "--yes", "--quiet")
        file = Path("environments/dev.yaml")
        text = TEAM.sub("", file.read_text(encoding="utf-8"))
        for before, after in CHANGES:
            assert before in text, before
            text = text.replace(before, after)
        file.write_text(text, encoding="utf-8")
        changed = run("plan", "dev", *LOCAL, "-o", "markdown")
        photograph(changed, PICTURES / "plan-comment.png", 1300)


if __name__ == "__main__":
    main()
