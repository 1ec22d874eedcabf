"""Conditions that many tables share: number ranges, text patterns, exclusive properties."""

import re
from collections.abc import Iterator, Mapping

from provisioner.model.values import Unknown
from provisioner.service_rules.partial_bodies import Tree, is_number, is_silent, is_stated, value_at
from provisioner.service_rules.rule import Judge, Refusal, Write


def values_at(body: Tree, path: str) -> Iterator[tuple[str, Tree]]:
    """Yield (path, value) at a path with `[]` for the entries of a list.

    Nothing where nothing is, or where it is not known yet.
    """
    head, found, rest = path.partition("[]")
    value = value_at(body, head)
    if not found:
        if not (isinstance(value, Unknown) or is_silent(body, head)):
            yield head, value
        return
    for index in range(len(value) if isinstance(value, (list, tuple)) else 0):
        yield from values_at(body, f"{head}[{index}]{rest}")


def in_range(path: str, least: float, most: float) -> Judge:
    """Return what finds a number at `path` that is less than `least` or more than `most`."""

    def judge(write: Write) -> Iterator[Refusal]:
        for at, value in values_at(write.after, path):
            if is_number(value) and not least <= value <= most:
                yield Refusal(
                    at, f"{_name(at)} is {value}, and has to be between {least:g} and {most:g}"
                )

    return judge


def matches_pattern(path: str, pattern: str, words: str) -> Judge:
    """Return a judge that refuses a text at `path` not matching `pattern`, described by `words`."""
    form = re.compile(pattern)

    def judge(write: Write) -> Iterator[Refusal]:
        for at, value in values_at(write.after, path):
            if isinstance(value, str) and form.fullmatch(value) is None:
                yield Refusal(at, f"{_name(at)} is {value!r}, and has to be {words}")

    return judge


def at_most(path: str, most: int) -> Judge:
    """Return what finds a list or mapping at `path` with more than `most` entries."""

    def judge(write: Write) -> Iterator[Refusal]:
        for at, value in values_at(write.after, path):
            if isinstance(value, (list, tuple, Mapping)) and len(value) > most:
                yield Refusal(at, f"{_name(at)} has {len(value)} entries, and at most {most} fit")

    return judge


def at_most_characters(path: str, most: int) -> Judge:
    """Return what finds a text at `path` with more than `most` characters."""

    def judge(write: Write) -> Iterator[Refusal]:
        for at, value in values_at(write.after, path):
            if isinstance(value, str) and len(value) > most:
                yield Refusal(
                    at, f"{_name(at)} has {len(value)} characters, and at most {most} fit"
                )

    return judge


def only_one(*paths: str) -> Judge:
    """Return what finds more than one of several properties stated."""

    def judge(write: Write) -> Iterator[Refusal]:
        stated = [path for path in paths if is_stated(write.after, path)]
        if len(stated) > 1:
            yield Refusal(
                stated[1],
                f"{_name(stated[0])} and {_name(stated[1])} exclude each other",
                "State one of them, and null for the other where Azure has it.",
            )

    return judge


def is_at(body: Tree, path: str, *values: str | bool) -> bool:
    """Return whether a body certainly has one of these values at a path, case of texts ignored."""
    found = value_at(body, path)
    if isinstance(found, str):
        return found.lower() in (value.lower() for value in values if isinstance(value, str))
    return isinstance(found, bool) and any(found is value for value in values)


def is_off(body: Tree, path: str) -> bool:
    """Return whether a flag is certainly not on: false, null, or not there."""
    found = value_at(body, path)
    return found is False or is_silent(body, path)


def _name(path: str) -> str:
    return path.removeprefix("properties.")
