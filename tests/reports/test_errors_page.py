"""docs/errors.md is written from the source of azsec: `make golden` rewrites it."""

import ast
import os
from pathlib import Path

from error_reference.messages import Message, find_messages
from error_reference.page import find_example, render_page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "errors.md"


def printed_messages() -> list[str]:
    """Return lines with messages: those that the stories print, and that tests expect whole."""
    lines = []
    for story in sorted((ROOT / "tests" / "scenarios").glob("*.md")):
        lines += story.read_text(encoding="utf-8").splitlines()
    for folder in ("blueprint", "cli"):
        for path in sorted((ROOT / "tests" / "unit" / folder).glob("test_*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    lines += node.value.splitlines()
    return [line for line in lines if "error: " in line or "warning: " in line]


def test_the_page_has_the_messages_of_the_source():
    written = render_page(find_messages(ROOT / "provisioner"), printed_messages())
    if os.environ.get("AZSEC_REWRITE_GOLDEN"):
        PAGE.write_text(written, encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == written, "run `make golden` and review it"


SOURCE = '''
def check(name, items):
    """A call by itself, one with a name for its text, and one by a function that takes a code."""
    error("first", f"there is no {items[0].name!r}.", None, nearest(name, items))
    if items:
        message = f"{len(items)} are too many."
    else:
        message = "none is too few."
    warning("second", message, hint="Add one." if name else None)
    raise _refuse("third", "it is refused.")


def _refuse(code, message, span=None):
    return DiagnosticError(error(code, message, span, "Ask why."))
'''


def test_messages_are_found_with_what_they_insert(tmp_path):
    package = tmp_path / "azsec"
    package.mkdir()
    (package / "checks.py").write_text(SOURCE, encoding="utf-8")
    module = "azsec/checks.py"
    assert find_messages(package) == [
        Message("first", "error", "there is no '<name>'.", "Did you mean <name>?", module),
        Message("second", "warning", "<items> are too many.", "Add one.", module),
        Message("second", "warning", "none is too few.", "Add one.", module),
        Message("third", "error", "it is refused.", "Ask why.", module),
    ]


def test_an_example_is_a_line_that_the_text_matches():
    lines = ["a.yaml:1:1: error: there is no module file 'b.yaml'. Check it.", "error: there is no"]
    assert find_example("there is no module file '<path>'.", lines) == (
        "there is no module file 'b.yaml'."
    )
    assert find_example("<details>", lines) == ""
