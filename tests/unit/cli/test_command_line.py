"""One option has one name, one meaning and one kind of value in every command: the conventions of
docs/command-line.md."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from provisioner.cli.application import app

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
        assert not names & {"--format", "-f", "--of", "--actual", "--file", "--output-file"}, path


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
