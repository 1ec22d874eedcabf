"""Limits of an answer and of a list, in bytes, seconds, pages and items."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of one answer and of one list. An error that ends a request names the limit.

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
