"""Imports the CEL library without its interactive shell.

Importing `cel` imports its command line too, with a terminal toolkit and a syntax highlighter: 0.2
s of every command, for nothing. An empty module in the place of that command line leaves the
library itself whole.

Imported by `blueprint.expression` and `manifests.admission`, in the place of `cel`.
"""

import sys
from types import ModuleType

sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

from cel import Context, Program, compile  # noqa: E402

__all__ = ["Context", "Program", "compile"]
