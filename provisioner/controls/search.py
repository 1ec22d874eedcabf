"""Search of controls by titles, settings and synonyms.

Called by `azsec controls list --search`.
"""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from provisioner.controls.control import Control

# Splits camel case (enablePurgeProtection) and keeps abbreviations whole (enableRBAC, IPs).
_WORD = re.compile(r"[A-Z]{2,}s?(?![a-z])|[A-Z]?[a-z]+|\d+")
_MOST_NEAR = 5
_ALIKE = 0.7


def search_controls(controls: Iterable[Control], text: str) -> tuple[Control, ...]:
    """Return the controls that have every word of a text, in their order.

    A word is found at the start of a word, without case, in the id, title, synonyms and outline
    item of a control, in the ids of its mappings and in the properties that it reads, the words of
    a camel-case name included: "purge" finds enablePurgeProtection. The plural finds the singular.
    A text without a word finds every control.
    """
    sought = [_singular(word) for word in text.lower().split()]
    return tuple(
        control
        for control in controls
        if all(any(word.startswith(stem) for word in words_of(control)) for stem in sought)
    )


def near_words(controls: Iterable[Control], text: str) -> tuple[str, ...]:
    """Return words of titles and synonyms that resemble one of a text.

    They are at most five, the closest first.
    """
    texts = (text for control in controls for text in (control.title, *control.synonyms))
    # Words of properties are left out: there are thousands, and they resemble everything.
    known = sorted({word for text in texts for word in _split_words(text)})
    found = (
        near
        for word in text.lower().split()
        for near in get_close_matches(word, known, n=_MOST_NEAR, cutoff=_ALIKE)
    )
    return tuple(dict.fromkeys(found))[:_MOST_NEAR]


def words_of(control: Control) -> frozenset[str]:
    """Return all words under which a control is found, in small letters."""
    return frozenset(word for text in _searched_texts(control) for word in _split_words(text))


def _searched_texts(control: Control) -> Iterator[str]:
    yield control.id
    yield control.title
    yield control.item
    yield from control.synonyms
    mappings = control.mappings
    for entries in (mappings.cis, mappings.policies, mappings.checkov, mappings.psrule):
        yield from entries
    if control.proof is None:  # A proof reads every property of a network: they tell none apart.
        yield from (part for read in control.reads for part in read)


def _split_words(text: str) -> Iterator[str]:
    for token in text.split():
        yield token.strip("(),;:").lower()
    for word in _WORD.findall(text):
        yield word.lower()
    # Whole names within paths: "nodeosupgradechannel" of autoUpgradeProfile.nodeOSUpgradeChannel.
    yield from re.findall(r"\w+", text.lower())


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word
