"""How much of an answer is taken in: what Azure, a proxy or a fault sends may never end."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of what one request may bring. An error that ends it names the bound.

    answer_bytes      of one answer, decompressed. Pages of Azure's lists hold some megabytes
    answer_seconds    from an answer's first byte to its last, however slowly they come
    read_seconds      without a byte, for a request that changes nothing
    write_seconds     the same for a write: providers have 60 seconds for an answer
    pages             of one list
    empty_pages       of one list, in a row: a filter may leave a page empty
    items             of one list, over all its pages
    """

    answer_bytes: int = 32 * 2**20
    answer_seconds: float = 300.0
    read_seconds: float = 30.0
    write_seconds: float = 70.0
    pages: int = 1_000
    empty_pages: int = 100
    items: int = 200_000


DEFAULT_BOUNDS = Bounds()
