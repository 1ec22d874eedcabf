"""What the workers of the tests' cluster run."""

import os
import time


def answer(item: str) -> str:
    """Answer an item after a while; `long` takes longer than any test."""
    time.sleep(60.0 if item == "long" else 0.15)
    return f"{item}!"


def version() -> str:
    return "1.0"


def other_version() -> str:
    return os.environ.get("VERSION_OF_WORKERS", "1.0")


class _Hostile:
    def __reduce__(self):
        return os.mkdir, (os.environ["RAN"],)


def hostile_answer(item: str) -> object:
    """Answer with what makes a folder where it is unpickled."""
    return _Hostile() if item == "hostile" else f"{item}!"
