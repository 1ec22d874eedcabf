"""The documentation is true: files load, commands parse, links and paths lead somewhere.

A fenced block is checked by its language: `yaml` that starts with `apiVersion:` is a whole file,
and in `console` every line after `$ ` is a command. Words after `yaml` are the path of the file, so
that the blocks of one page can refer to each other; other files are looked up in the repository.
The stories in tests/scenarios/ are run whole, so they are left out here.
"""

import contextlib
import posixpath
import re
import shlex
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest
from typer.exceptions import Exit, TyperException
from typer.main import get_command

from provisioner.blueprint.composition import compose
from provisioner.blueprint.control_file import ControlFile
from provisioner.blueprint.environment import load_environment
from provisioner.blueprint.environment_file import BASE_KIND
from provisioner.blueprint.file_schemas import (
    BlueprintFile,
    EgressTableFile,
    EnvironmentFile,
    ModuleFile,
    load_file,
)
from provisioner.blueprint.promotion import PromotionFile
from provisioner.blueprint.yaml_source import parse_yaml
from provisioner.catalog.registry import all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.cli.application import app
from provisioner.cli.local_directory import DirectoryFile
from provisioner.model.diagnostic import DiagnosticError, error
from tests.architecture.repository import ROOT, relative, repository_files

KINDS = {
    "Blueprint": BlueprintFile,
    "Control": ControlFile,
    "EgressTable": EgressTableFile,
    "Environment": EnvironmentFile,
    "Module": ModuleFile,
    "Promotion": PromotionFile,
    "Directory": DirectoryFile,
}
PAGES = [
    path
    for path in repository_files()
    if path.suffix == ".md" and not path.is_relative_to(ROOT / "tests")
]
FENCE = re.compile(r"^(`{3,})(\w*) ?([^\n]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
COMMAND_LINE = get_command(app)


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    words: str
    text: str

    @property
    def place(self) -> str:
        return f"{relative(self.page)}:{self.line}"

    @property
    def path(self) -> str:
        """The file that a block of YAML says it is, or a name of its own."""
        return self.words or f"docs/line-{self.line}.yaml"


def blocks(language: str) -> list[Block]:
    return [
        Block(page, text[: match.start()].count("\n") + 1, match[3], match[4])
        for page in PAGES
        for text in [page.read_text(encoding="utf-8")]
        for match in FENCE.finditer(text)
        if match[2] == language
    ]


def prose_of(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


class PageSources:
    """The files of one page, over those of the repository."""

    def __init__(self, page: Path) -> None:
        self._files = {block.path: block.text for block in documents() if block.page == page}

    def read_text(self, path: str) -> str:
        if path in self._files:
            return self._files[path]
        try:
            return (ROOT / path).read_text(encoding="utf-8")
        except OSError:
            raise DiagnosticError(error("no-file", f"there is no {path}.")) from None


def documents() -> list[Block]:
    whole = re.compile(r"(#.*\n)*apiVersion:")
    return [block for block in blocks("yaml") if whole.match(block.text)]


@lru_cache(maxsize=1)
def catalog():
    return build_catalog(all_types(), read_schema_index(all_types()))


@pytest.mark.parametrize("block", documents(), ids=lambda block: block.place)
def test_a_yaml_file_in_a_page_loads(block):
    sources = PageSources(block.page)
    file = parse_yaml(block.text, block.path).plain()
    kind = file["kind"]
    if kind == BASE_KIND or "extends" in file:
        return  # A part of an environment: the page shows it beside the one that it is a part of.
    load_file(KINDS[kind], block.path, sources)
    if kind == "Environment":
        environment = load_environment(block.path, sources)
        assert compose(environment, catalog(), sources).resources


def commands(block: Block) -> list[str]:
    joined = block.text.replace("\\\n", " ")
    return [line.removeprefix("$ ") for line in joined.splitlines() if line.startswith("$ ")]


def parse(words: list[str]) -> None:
    """Parse an azsec command line as azsec would, and run nothing."""
    command, name = COMMAND_LINE, "azsec"
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        name, *words = words
        assert name in command.commands, f"azsec has no command {name!r}"
        command = command.commands[name]
    # `--help` and `--version` print, and end while parsing.
    with contextlib.suppress(Exit):
        command.make_context(name, list(words))


SHELL = [
    pytest.param(command, id=f"{block.place} {command}")
    for block in blocks("console")
    for command in commands(block)
]


@pytest.mark.parametrize("command", SHELL)
def test_a_command_in_a_page_can_be_typed(command):
    words = shlex.split(re.split(r"\s(?:\||>|&&|#)\s?", command)[0])
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    if words[0] == "azsec":
        try:
            parse(words[1:])
        except TyperException as problem:
            pytest.fail(f"{command}: {problem}")
    elif words[0] == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in words[1:] if "=" not in word} <= set(targets)


def test_a_wrong_command_is_noticed():
    parse(["plan", "prod", "--out", "prod.azplan"])
    parse(["local", "status"])
    with pytest.raises(AssertionError):
        parse(["plann", "prod"])
    with pytest.raises(TyperException):
        parse(["plan", "prod", "--nowhere"])
    with pytest.raises(TyperException):
        parse(["plan"])


def all_commands(command=COMMAND_LINE, path="azsec"):
    for name, child in getattr(command, "commands", {}).items():
        if hasattr(child, "commands"):
            yield from all_commands(child, f"{path} {name}")
        else:
            yield f"{path} {name}"


@pytest.mark.parametrize("command", list(all_commands()))
def test_the_page_of_the_command_line_lists_every_command(command):
    assert f"`{command}" in (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    text = prose_of(page)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def links():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", prose_of(page)):
            if not re.match(r"[a-z]+:", target):
                yield pytest.param(page, target, id=f"{relative(page)} -> {target}")


@pytest.mark.parametrize(("page", "target"), list(links()))
def test_a_link_leads_somewhere(page, target):
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve() if path else page
    assert found.exists()
    if anchor:
        assert anchor in anchors(found)


PATH = re.compile(
    r"`((?:\.ci|\.github|benchmarks|blueprints|faults|fidelity|docs|environments|provisioner|scripts|tests)/[^`\s]*)`"
)


def named_paths():
    for page in PAGES:
        for path in sorted(set(PATH.findall(prose_of(page)))):
            if not re.search(r"[<>*{}…]|[A-Z]{3,}", path):
                yield pytest.param(path, id=f"{relative(page)}: {path}")


@pytest.mark.parametrize("path", list(named_paths()))
def test_a_path_in_a_page_exists(path):
    file, _, test = path.partition("::")
    assert (ROOT / posixpath.normpath(file)).exists()
    if test:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")
