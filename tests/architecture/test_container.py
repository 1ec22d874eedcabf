"""The Dockerfile is read, and what it copies is run. No image is built: that takes a daemon."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from provisioner import __version__
from tests.architecture.repository import ROOT

INSTRUCTION = re.compile(r"^([A-Z]+) (.+)$")
KNOWN = {"ARG", "FROM", "RUN", "COPY", "USER", "ENV", "WORKDIR", "ENTRYPOINT", "CMD"}


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    matches = [INSTRUCTION.match(line) for line in lines]
    assert all(matches), lines
    return [(match[1], match[2]) for match in matches if match]


def test_it_has_nothing_but_known_instructions_and_ends_without_root() -> None:
    told = instructions()
    verbs = [verb for verb, _ in told]
    assert set(verbs) <= KNOWN
    assert verbs[:2] == ["ARG", "FROM"]
    assert dict(told)["ARG"] == "PYTHON=python:3.13-slim"
    users = [value for verb, value in told if verb == "USER"]
    assert users == ["10001"]
    after = verbs[verbs.index("USER") :]
    assert after == ["USER", "WORKDIR", "ENTRYPOINT", "CMD"]
    commands = [value for verb, value in told if verb == "RUN"]
    script = "\n".join(commands)
    assert "curl" not in script
    assert "wget" not in script
    for command in commands:
        checked = subprocess.run(["bash", "-n", "-c", command], check=False, capture_output=True)
        assert checked.returncode == 0, checked.stderr


def test_what_it_copies_is_enough_to_run(tmp_path: Path) -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    source = tmp_path / "opt" / "azsec" / "source"
    for verb, value in instructions():
        if verb != "COPY":
            continue
        name, target = shlex.split(value)
        assert name in allowed, f"{name} is not sent to the daemon: .dockerignore"
        place = tmp_path / target.removeprefix("/")
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place)
    assert (source / "ci" / "install").is_file()

    done = subprocess.run(
        [sys.executable, "-P", "-c", "from provisioner.cli import main; main()", "--version"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(source), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f"azsec {__version__}\n", done.stderr
    assert (source / "blueprints" / "modules" / "hub.yaml").is_file()
