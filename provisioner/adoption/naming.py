"""Derives names in files from resource names by removing what all resource names share.

Where every resource is named after `contoso` and `prod`, `vnet-contoso-prod-hub` becomes the
network of the hub. `pipeline`, `file_names` and `module_assignment` call it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.adoption.expression_templates import Part, Template, Var
from provisioner.blueprint.composition_state import RESERVED_NAMES
from provisioner.blueprint.functions import FUNCTIONS, STANDARD_FUNCTIONS
from provisioner.catalog.naming_conventions import ABBREVIATIONS, noun_of
from provisioner.catalog.regions import REGIONS
from provisioner.model.guid import is_guid
from provisioner.model.resource_id import ResourceId

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_UNIQUE_SUFFIX = re.compile(r"(?=[a-z0-9]*[0-9][a-z])(?=[a-z0-9]*[a-z])[a-z0-9]{6,}|[0-9a-f]{8,}")
"""A suffix that a function made unique: letters and digits in one word, which does not end with a
number."""
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_CEL_WORDS = frozenset(
    {
        "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import",
        "in", "let", "loop", "null", "package", "namespace", "return", "true", "var", "void",
        "while",
    }
)  # fmt: skip
_UNUSABLE_NAMES = RESERVED_NAMES | _CEL_WORDS | frozenset(FUNCTIONS) | STANDARD_FUNCTIONS
_RESERVED = frozenset(name.lower() for name in _UNUSABLE_NAMES)
_MOST_WORDS = 4


@dataclass(frozen=True, slots=True)
class NamingConvention:
    """The common parts of the resource names of an estate.

    They are the prefix (an organisation, a product) and the name of the environment. Each may be
    empty.
    """

    prefix: str
    environment: str

    @property
    def noise(self) -> frozenset[str]:
        """The words that all resource names share, which do not identify a single resource."""
        return frozenset({self.prefix, self.environment, *REGIONS, *_SHORT_REGIONS} - {""})

    def template(self, name: str) -> Template:
        """Return a name with the prefix as an expression.

        The name of the environment stays a literal: resource names cannot change, so renaming an
        environment would delete and create its resources.
        """
        parts: list[Part] = []
        for piece in re.split(r"([-_.])", name):
            if piece and piece == self.prefix:
                parts.append(Var("prefix", is_parameter=True))
            else:
                parts += self._split_prefix(piece)
        return Template.of(*parts)

    def value(self, text: str) -> Template:
        """Return a text of a body as a template.

        One that looks like a resource name, with the prefix as a word of its own, is converted as
        in `template`; any other is a literal.
        """
        looks = _NAME.fullmatch(text) and self.prefix and self.prefix in text.split("-")
        return self.template(text) if looks else Template.of(text)

    def _split_prefix(self, piece: str) -> list[Part]:
        """Return a piece of a name that may contain the prefix without hyphens.

        Names of vaults and storage accounts are written so.
        """
        # A shorter prefix is found by chance within other words.
        at = piece.find(self.prefix) if len(self.prefix) >= 4 else -1
        # A few letters before the prefix are an abbreviation (`stcontoso`); further back it is a
        # part of another word.
        if at < 0 or at > 4 or not piece.islower():
            return [piece]
        return [
            piece[:at],
            Var("prefix", is_parameter=True),
            piece[at + len(self.prefix) :],
        ]


_SHORT_REGIONS = frozenset(
    {
        "weu", "neu", "we", "ne", "eus", "eus2", "wus", "wus2", "wus3", "cus", "scus", "ncus",
        "uks", "ukw", "frc", "gwc", "sdc", "swc", "noe", "cac", "cae", "sea", "eas", "aue",
        "ause", "jpe", "jpw", "krc", "inc", "brs", "eastus", "westus", "eastus2", "westus2",
    }
)  # fmt: skip


def find_naming_convention(names: Iterable[str], environment: str) -> NamingConvention:
    """Return the common parts of resource names.

    The prefix is the word that most of them contain, if it is in at least three names and in two
    fifths of the names that consist of several words.
    """
    several = [n.split("-") for n in names if "-" in n and not is_guid(n)]
    counts = Counter(
        word
        for pieces in several
        for word in dict.fromkeys(pieces)
        if len(word) > 1
        and word != environment
        and word not in ABBREVIATIONS
        and word not in REGIONS
        and word not in _SHORT_REGIONS
        and re.fullmatch(r"[a-z][a-z0-9]*", word)
    )
    if not counts:
        return NamingConvention("", environment)
    word, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    common = count >= 3 and count * 5 >= len(several) * 2
    return NamingConvention(word if common else "", environment)


def words_of(name: str, habits: NamingConvention) -> list[str]:
    """Return the distinctive words of a resource's name, in lower case.

    The common parts, the abbreviation of the type, and suffixes that only make the name unique are
    left out.
    """
    if is_guid(name):
        return []
    if name.count(".") > 1:
        labels = [label for label in name.split(".") if label not in ("privatelink", "private")]
        name = next((label for label in labels if label.lower() not in habits.noise), name)
        numbered = re.fullmatch(r"([a-z]+)([0-9]+)", name.lower())
        if numbered is not None:
            return list(numbered.groups())
        return [name.lower()] if name.isidentifier() else []
    pieces = [piece for piece in re.split(r"[^A-Za-z0-9]+", name) if piece]
    telling: list[str] = []
    for index, piece in enumerate(pieces):
        folded = piece.lower()
        if habits.prefix and habits.prefix in folded and len(habits.prefix) >= 4:
            folded = folded.replace(habits.prefix, "")
            piece = folded
        if not folded or folded in habits.noise or _UNIQUE_SUFFIX.fullmatch(folded):
            continue
        if folded in ABBREVIATIONS and (index == 0 or len(folded) <= 3) and len(pieces) > 1:
            continue
        if index == 0 and folded in ABBREVIATIONS and len(folded) <= 4:
            continue
        telling += [word.lower() for word in _WORD.findall(piece)]
    telling = [word for word in telling if word not in _ARTICLES][:_MOST_WORDS]
    while len(telling) > 1 and telling[-1] in _CONNECTING:
        telling.pop()
    return telling


_ARTICLES = frozenset({"a", "an", "the"})
_CONNECTING = frozenset({"and", "by", "for", "in", "of", "on", "or", "over", "to", "with"})
"""Words that no name may end with."""


def without_group(words: Sequence[str], group_words: Sequence[str]) -> list[str]:
    """Return words without those of the resource group's name, and without its number."""
    return [
        word
        for word in words
        if word not in group_words
        and not (word.isdigit() and any(each.endswith(word) for each in group_words))
    ]


def camel(words: Sequence[str]) -> str:
    """Return words as one identifier: `hubNetwork`. Empty for no words."""
    text = "".join(word[:1].upper() + word[1:] for word in words if word)
    text = text[:1].lower() + text[1:]
    return f"n{text}" if text[:1].isdigit() else text


def name_words(
    resource: ResourceId,
    habits: NamingConvention,
    described: Mapping[str, Sequence[str]],
    title: str = "",
) -> tuple[list[str], str]:
    """Return the distinctive words and the noun of a resource.

    `described` are the words of the resources that may contain it or that it may extend, by key;
    `title` is the display name, for a resource whose name has no meaning.
    """
    noun = noun_of(resource.type)
    words = words_of(resource.name, habits)
    if not words and title:
        return words_of(title, habits), noun
    holder = resource.parent or (resource.scope if resource.scope is not None else None)
    vague = not words or words == ["default"] or words[-1:] == ["current"]
    extension = resource.scope is not None and not resource.scope.is_container
    if holder is not None and (vague or (extension and resource.parent is None)):
        words = list(described.get(holder.key, ()))
    return words, noun


def identifier(words: Sequence[str], noun: str) -> str:
    """Return the identifier of words that end with a noun; the noun is not repeated."""
    last = [word.lower() for word in _WORD.findall(noun)]
    ending = [word.lower() for word in words[-len(last) :]]
    if ending == last:
        return camel(words)
    if ending[-1:] and plural(ending[-1]) == last[-1]:
        return camel([*words[:-1], noun])
    return camel([*words, noun])


def unreserved(name: str, type_name: str) -> str:
    """Return a name that is valid in expressions.

    A reserved word is combined with the service of the resource type (`serviceBusNamespace`).
    """
    if name.lower() not in _RESERVED:
        return name
    return camel([type_name.partition("/")[0].rpartition(".")[2], name])


def plural(noun: str) -> str:
    """Return the plural of a noun."""
    if noun.endswith("s") and not noun.endswith("ss"):
        return noun
    if noun.endswith(("ss", "x", "ch", "sh")):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


class Namespace:
    """The names of one file, each of which is used once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.lower() for name in (*_UNUSABLE_NAMES, *taken)}

    def take(self, *candidates: str) -> str:
        """Reserve and return the first of some names that is free, or the last with a number."""
        for candidate in candidates:
            if candidate and candidate.isidentifier() and candidate.lower() not in self._taken:
                self._taken.add(candidate.lower())
                return candidate
        stem = next((c for c in reversed(candidates) if c.isidentifier()), "resource")
        number = 2
        while f"{stem}{number}".lower() in self._taken:
            number += 1
        self._taken.add(f"{stem}{number}".lower())
        return f"{stem}{number}"


def subscription_aliases(guids: Iterable[str], names: Mapping[str, str]) -> Mapping[str, str]:
    """Return the GUID of each subscription by an alias.

    The alias is derived from the display name where that makes a valid one. `names` are display
    names by GUID in lower case.
    """
    own = sorted({guid.lower() for guid in guids}, key=lambda guid: (names.get(guid, ""), guid))
    taken = Namespace()
    return {
        taken.take(_subscription_alias(names.get(guid, "")), "subscription"): guid for guid in own
    }


def _subscription_alias(name: str) -> str:
    alias = camel([word.lower() for word in re.findall(r"[A-Za-z0-9]+", name)])
    return alias if len(alias) <= 40 else ""
