"""One option has one name, one meaning and one kind of value in every command: the conventions of
docs/command-line.md."""

import re
import shlex
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from provisioner.cli.application import app
from provisioner.cli.command_groups import SECTIONS
from provisioner.cli.failure import run_guarded

PAGE = Path(__file__).parents[3] / "docs" / "command-line.md"
OF_TYPER = {"--install-completion", "--show-completion", "--help"}


def commands(command: Any = None, path: str = "azsec") -> Iterator[tuple[str, Any]]:
    """Yield every command and group of commands by how it is called."""
    command = command or typer.main.get_command(app)
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{path} {name}")


def options() -> Iterator[tuple[str, Any]]:
    for path, command in commands():
        for parameter in command.params:
            if parameter.opts[0].startswith("-") and not OF_TYPER & set(parameter.opts):
                yield path, parameter


def value_of(option: Any) -> str:
    """Return what help shows as the value of an option: its metavar, `<a|b>` for an enumeration,
    nothing for a switch."""
    return "" if option.is_flag else str(option.display_type_rich(None))


ALL = tuple(options())


def conventions() -> dict[str, set[str]]:
    """Return the values of each option that the page's table lists; none for a switch."""
    rows: dict[str, set[str]] = {}
    table = PAGE.read_text(encoding="utf-8").split("## Options that several commands have")[1]
    for row in re.findall(r"^\| (`--.*) \|$", table, re.M):
        names, values, _meaning = re.split(r"(?<!\\)\|", row, maxsplit=2)
        longs = re.findall(r"--[\w-]+", names)
        stated = [each.replace("\\|", "|") for each in re.findall(r"`([^`]+)`", values)]
        if len(longs) > 1 and stated:
            rows |= {name: {value} for name, value in zip(longs, stated, strict=True)}
        else:
            found = {part for value in stated for part in value.split("|")}
            rows |= {name: found or ({"<>"} if values.strip() else set()) for name in longs}
    return rows


def test_output_is_the_format_everywhere() -> None:
    """And `--out` is what is written; there is no third word for either."""
    for path, option in ALL:
        names = {name for name in option.opts if name.startswith("-")}
        if names & {"-o", "--output"}:
            assert names == {"-o", "--output"}, path
            assert value_of(option).startswith("<"), path
        assert not names & {"--format", "-f", "--actual", "--file", "--output-file"}, path


def test_a_letter_stands_for_one_option() -> None:
    meant: dict[str, set[str]] = defaultdict(set)
    for _path, option in ALL:
        long = next(name for name in option.opts if name.startswith("--"))
        for letter in set(option.opts) - {long}:
            meant[letter].add(long)
    assert {letter: longs for letter, longs in meant.items() if len(longs) > 1} == {}


def test_an_option_of_several_commands_is_on_the_page_with_its_values() -> None:
    known, seen = conventions(), defaultdict(list)
    for path, option in ALL:
        seen[next(name for name in option.opts if name.startswith("--"))].append((path, option))
    shared = {name for name, uses in seen.items() if len(uses) > 1}
    assert shared <= set(known)
    assert set(known) <= set(seen) | {"--allow-delete-digest"}
    for name in shared:
        for path, option in seen[name]:
            value = value_of(option)
            if value.startswith("<") and known[name] == {"<>"}:
                continue
            found = {part for part in value.strip("<>").split("|") if part}
            assert found <= known[name], f"{path} {name} {value}"
            assert bool(found) == bool(known[name]), f"{path} {name} {value}"


def test_values_are_named() -> None:
    """`<str>` and `<int>` are types of Python: a value is named by what it is."""
    unnamed = [
        f"{path} {option.opts[0]}"
        for path, option in ALL
        if re.match(r"<(?:str|int|float|path)", value_of(option), re.I)
    ]
    assert unnamed == []


@pytest.mark.parametrize("name", ["--timeout", "--lock-timeout", "--only-stale", "--latency"])
def test_a_time_span_has_its_unit(name: str) -> None:
    assert {value_of(option) for _path, option in ALL if name in option.opts} == {"DURATION"}


VERBS = frozenset(
    {
        "Add", "Adopt", "Apply", "Attribute", "Authorize", "Break", "Check", "Compare",
        "Continue", "Copy", "Count", "Create", "Declare", "Delay", "Delete", "Dismiss",
        "Divide", "Draw", "Evaluate", "Exclude", "Explain", "Export", "Format", "Generate",
        "Group", "Include", "Keep", "Limit", "List", "Load", "Manage", "Migrate", "Name",
        "Offer", "Override", "Permit", "Plan", "Print", "Process", "Query", "Read", "Remove",
        "Replace", "Report", "Reset", "Resolve", "Return", "Run", "Save", "Select", "Serve",
        "Set", "Show", "Sign", "Simulate", "Skip", "Suppress", "Take", "Throttle", "Trace",
        "Trust", "Use", "Validate", "Wait", "Write",
    }
)  # fmt: skip
"""The imperative verbs that help texts begin with. A new one is added here, if it is one."""


def test_every_help_text_begins_with_a_verb_and_ends_with_a_full_stop() -> None:
    texts = [(f"{path} {option.opts[0]}", option.help) for path, option in ALL]
    texts += [(path, (command.help or "").splitlines()[0]) for path, command in commands()]
    wrong = []
    for path, text in texts:
        words = re.sub(r"  \[default: .*\]$", "", text or "")
        if words.split(" ")[0].rstrip(",") not in VERBS or not words.endswith("."):
            wrong.append(f"{path}: {text}")
    assert wrong == []


def test_a_word_means_one_thing_in_all_commands() -> None:
    """A help text under two names would be two words for one thing, and an option has one text
    where its commands do the same with it."""
    names: dict[str, set[str]] = defaultdict(set)
    for _path, option in ALL:
        names[str(option.help)].add(option.opts[0])
    assert {text: several for text, several in names.items() if len(several) > 1} == {}


def test_the_help_fits_into_eighty_columns(monkeypatch, capsys) -> None:
    """No first line of a command is cut off, every command is in a section, and every argument
    says what it is."""
    monkeypatch.setenv("COLUMNS", "80")
    for path, command in commands():
        words = path.split()[1:]
        run_guarded(app, [*words, "--help"])
        shown = capsys.readouterr().out
        listed = re.sub(r"(?:\[ARGS\]|[A-Z]+|[\]}])\.\.\.", "", shown)
        assert "..." not in listed, path
        assert max(map(len, shown.splitlines())) <= 80, path
        for parameter in command.params:
            assert parameter.help, f"{path} {parameter.name}"
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(typer.main.get_command(app).commands)


def test_the_examples_are_commands_that_there_are() -> None:
    shown = 0
    for path, command in commands():
        for line in (command.epilog or "").splitlines():
            match = re.search(r"azsec (?!init\b.*\|)([^)\"]*)", line)
            if match is None:
                continue
            shown += 1
            words = shlex.split(match[0])
            assert words[: len(path.split())] == path.split(), line
            known = {name for option in command.params for name in option.opts}
            given = {word.split("=")[0] for word in words if word.startswith("-")}
            assert given <= known, line
    assert shown > 30
