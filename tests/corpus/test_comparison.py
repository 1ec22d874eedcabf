"""The comparison on recorded pairs: what was PUT, and what Azure answered once it had settled."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

FIGURES = ("noise", "missed", "unseen", "beside")


@pytest.mark.parametrize("pairs", ["pairs", "added/pairs"])
def test_nothing_is_told_wrongly_and_nothing_is_overlooked(corpus: Path, pairs: str) -> None:
    figures = score(corpus, pairs)

    for figure in FIGURES:
        wrong, asked = figures[figure]
        assert asked > 500
        assert wrong == 0, figure


def score(corpus: Path, pairs: str) -> dict[str, tuple[int, int]]:
    """Return (wrong, asked) of each figure, as the corpus's own script counts them."""
    azsec = f'{sys.executable} -c "from provisioner.cli import main; main()"'
    script = [sys.executable, corpus / "score.py", corpus / pairs, "--beside"]
    done = subprocess.run([*script, "--azsec", azsec], capture_output=True, text=True, check=False)
    found = re.findall(r"^(\w+): (\d+) of (\d+)$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {figure: (int(wrong), int(asked)) for figure, wrong, asked in found}
