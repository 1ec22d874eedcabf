"""Renders docs/errors.md: the messages by area, with an example where a scenario prints one."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from error_reference.messages import DETAILS, Message

HEAD = """\
# Messages

A message of azsec says where something is wrong, what was expected, and what to do:

```text
environments/prod.yaml:7:1: error: 'regoin' is not a property of an Environment. Did you mean
'region'?
```

`--output json` has the parts by name: `severity`, `code`, `message`, `place` and `hint`. A code is
stable: programs compare codes, people search this page for the words of a message. `<name>` stands
for a value. An error ends a command with exit code 1, or 3 where a gate refuses; a warning does
not. Refusals of Azure have the codes of Azure, and are not listed.

This page is written from azsec's source by `make golden` (`error_reference/`). Examples are what
the stories in `tests/scenarios` print.
"""
AREAS: Mapping[str, str] = {
    "blueprint": "Blueprints and environments",
    "sources": "Modules from git and the library",
    "cli": "Commands and files",
    "plan": "Plan",
    "preflight": "Preflight",
    "controls": "Controls, waivers and attestations",
    "network": "Network",
    "access": "Access",
    "adoption": "Adoption",
    "workflow": "Workflows: apply, lock, drift, CI, upgrade",
    "cluster": "Cluster observations",
    "manifests": "Kubernetes objects and pods",
    "kube": "API servers",
    "azure": "Azure and sign-in",
    "forges": "GitHub and Azure DevOps",
    "simulator": "Built-in Azure",
}
_OTHER = "Other"
_SHORTEST = 12
"""Characters of its own that a pattern needs to find an example: fewer match anything."""


def render_page(messages: Iterable[Message], printed: Sequence[str]) -> str:
    """Return the page; `printed` are lines with messages that azsec printed."""
    areas: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        package = message.module.split("/")[1].removesuffix(".py")
        areas[AREAS.get(package, _OTHER)].append(message)
    return HEAD + "".join(
        f"\n## {title}\n\n{''.join(_rows(areas[title], printed))}"
        for title in (*AREAS.values(), _OTHER)
        if title in areas
    )


def _rows(messages: Iterable[Message], printed: Sequence[str]) -> Iterator[str]:
    yield "| code | message | what to do | example |\n|---|---|---|---|\n"
    for message in messages:
        severity = "" if message.severity == "error" else "*warning:* "
        cells = (
            f"`{message.code}`",
            severity + _cell(message.text),
            _cell(message.hint),
            _code(find_example(message.text, printed)),
        )
        yield f"| {' | '.join(cells)} |\n"


def find_example(text: str, printed: Sequence[str]) -> str:
    """Return the shortest printed message that a text with placeholders matches, "" where none
    does, or where the text is little but placeholders."""
    own = re.split(r"<[^<>]*>", text)
    if sum(map(len, own)) < _SHORTEST:
        return ""
    pattern = re.compile(r"(?:error|warning): (" + ".+?".join(map(re.escape, own)) + ")(?: |$)")
    found = [match[1] for line in printed if (match := pattern.search(line))]
    return min(found, key=len, default="")


def _cell(text: str) -> str:
    """Return a text as Markdown in a table: what is in angle brackets is shown as it is."""
    if text == DETAILS:
        return ""
    shown = text.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")
    quoted = re.split(r"(`[^`]*`)", shown)
    return "".join(
        part.replace("\\_", "_").replace("\\*", "*").replace("\\\\", "\\")
        if part.startswith("`")
        else part.replace("<", "&lt;")
        .replace("[", "\\[")
        .replace("$", "&#36;")
        .replace("`", "&#96;")
        for part in quoted
    ).replace("\n", " ")


def _code(text: str) -> str:
    if not text:
        return ""
    shown = text.replace("|", "\\|").replace("`", "'")
    return f"`{shown}`"
