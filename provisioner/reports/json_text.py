"""Renders documents as JSON: the contract that docs/outputs.md describes.

`cli/diagram_output.py`, `cli/lock.py`, `cli/output.py` and `cli/report.py` call it.
"""

import json
import re

from provisioner.documents.document import Document

# JSON escapes the other control characters by itself. These can stand inside of strings only, so
# they can be replaced in the finished text.
_UNSAFE = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def render_json(document: Document) -> str:
    """Return a document as JSON: keys in the order of the contract, two spaces, a final newline.

    Characters that steer a terminal or reorder text are escaped, so that it is safe to look at.
    """
    text = json.dumps(document.to_json(), indent=2, ensure_ascii=False)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"
