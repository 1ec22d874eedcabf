"""Renders docs/commands.md from the commands themselves: what `--help` prints, as one page.

Typer renders Markdown too (`typer utils docs`), but it shortens the lists of commands, writes
options as bullets, and leaves the examples of an epilog in one paragraph.
"""

import re
from collections.abc import Iterator
from typing import TypeAlias

import typer
from typer.core import TyperCommand, TyperGroup

from provisioner.cli.application import app
from provisioner.cli.command_groups import SECTIONS

HEAD = """\
# Commands

Every command of azsec with its arguments and options, as `azsec COMMAND --help` prints them. What
one option means in all commands, and the exit codes, are in [Command line](command-line.md). Every
command takes `--timings`, which prints the duration of each phase on stderr, and `--help`.

This page is written from the commands by `make golden` (`command_reference/`).
"""
_Command: TypeAlias = TyperCommand | TyperGroup
_EXAMPLES = "Examples:"
_OF_ALL = frozenset({"--help", "-h"})
_PYTHON_TYPE = re.compile(r" <(str|list\[str\])>$")
# Typer sets a default that is worked out at run time in parentheses.
_COMPUTED = re.compile(r"default: \((.*?)\)")


def render_page() -> str:
    """Return the page, with the commands in the sections of `azsec --help`."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    context = typer.Context(root, info_name="azsec")
    parts = [HEAD]
    for section, names in SECTIONS.items():
        parts.append(f"\n## {section}\n")
        for name in names:
            parts += _render_commands(_command_of(root, name), context, name)
    return "".join(parts)


def _command_of(group: TyperGroup, name: str) -> _Command:
    found = group.commands[name]
    assert isinstance(found, TyperCommand | TyperGroup)
    return found


def _render_commands(command: _Command, parent: typer.Context, name: str) -> Iterator[str]:
    """Yield the Markdown of a command, and of each command below it."""
    context = typer.Context(command, info_name=name, parent=parent)
    yield f"\n### {context.command_path}\n\n{_escape(_paragraphs(command.help or ''))}\n"
    if not isinstance(command, TyperGroup) or command.invoke_without_command:
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"\n```text\n{context.command_path} {usage}\n```\n"
        yield _table("argument", _records(command, context, "argument"))
        yield _table("option", _records(command, context, "option"))
    yield _render_examples(command.epilog or "")
    if isinstance(command, TyperGroup):
        for each in command.commands:
            yield from _render_commands(_command_of(command, each), context, each)


def _records(command: _Command, context: typer.Context, kind: str) -> list[tuple[str, str]]:
    """Return the name and the help of each parameter that the help shows."""
    found = []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if parameter.param_type_name == kind and record and not _OF_ALL & {*parameter.opts}:
            name = _PYTHON_TYPE.sub("", record[0].strip())
            found.append((name, _COMPUTED.sub(r"default: \1", record[1])))
    return found


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    lines = [f"| {_code(name)} | {_escape(text)} |" for name, text in rows]
    return f"\n| {title} | meaning |\n|---|---|\n" + "\n".join(lines) + "\n"


def _render_examples(epilog: str) -> str:
    _, found, commands = epilog.partition(_EXAMPLES)
    if not found:
        return ""
    lines = "\n".join(line.strip() for line in commands.strip().splitlines())
    return f"\n```sh\n{lines}\n```\n"


def _paragraphs(text: str) -> str:
    """Return a help text without the backspaces that keep click from wrapping, and its indent."""
    return "\n".join(line.strip() for line in text.replace("\b", "").strip().splitlines())


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _escape(text: str) -> str:
    """Return a text as Markdown: what is in backquotes is code, and all else is text."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        _code(part.strip("`"))
        if part.startswith("`")
        else re.sub(r"([\\*_\[\]<>|$])", r"\\\1", part)
        for part in parts
    )
