"""Finds the comments of a YAML file, which no parser keeps.

`blueprint.yaml_format` compares them before and after, so that formatting loses none.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SIGN = re.compile(r"(?:^|(?<=[ \t]))#", re.MULTILINE)


def comments_of(text: str) -> Counter[str]:
    """Return the comments of a text, with how often each is in it.

    What begins with `#` inside of a text is none.
    """
    inside = sorted(_scalar_spans(text))
    starts = [start for start, _ in inside]
    found: Counter[str] = Counter()
    end = 0
    for match in _SIGN.finditer(text):
        at = match.start()
        before = bisect_right(starts, at) - 1
        if at >= end and (before < 0 or inside[before][1] <= at):
            line_end = text.find("\n", at)
            end = line_end if line_end >= 0 else len(text)
            found[text[at:end].rstrip()] += 1
    return found


def _scalar_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the texts of a file begin and end; the head of a block can have a comment."""
    for token in yaml.scan(text, Loader=_Loader):
        if isinstance(token, yaml.ScalarToken):
            start, end = token.start_mark.index, token.end_mark.index
            if token.style in ("|", ">"):
                start = min(end, text.find("\n", start) + 1)
            yield start, end
