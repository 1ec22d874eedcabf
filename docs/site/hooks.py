"""What MkDocs does not know of the pages: blocks of code that are files, links into the code."""

import re

_NAMED_BLOCK = re.compile(r"^```(\w+) (\S+)$", re.MULTILINE)
_SOURCE_LINK = re.compile(r"\[([^\]]+)\]\(\.\./provisioner/[^)]+\)")


def on_page_markdown(markdown: str, **_unused: object) -> str:
    """Return the page with the path of a block (```yaml environments/dev.yaml) as its title.

    A link into the code works where the repository is browsed; the site has the text alone.
    """
    titled = _NAMED_BLOCK.sub(r'```\1 title="\2"', markdown)
    return _SOURCE_LINK.sub(r"\1", titled)
