"""The cache of files from git: by digest, within bounds."""

import os
from pathlib import Path

import pytest

from provisioner.sources.content_cache import ContentCache


def contents(number: int) -> list[bytes]:
    return [f"content {index}".encode() for index in range(number)]


@pytest.mark.parametrize("bounds", [{"most_files": 3}, {"most_bytes": 3 * len(b"content 0")}])
def test_what_was_written_first_goes_first(tmp_path: Path, bounds: dict[str, int]) -> None:
    cache = ContentCache(tmp_path, **bounds)
    digests = []
    for second, content in enumerate(contents(5)):
        digests.append(cache.write(content))
        (path,) = (tmp_path / "modules").glob(digests[-1].removeprefix("sha256:"))
        os.utime(path, (second, second))

    assert [cache.read(digest) for digest in digests] == [None, None, *contents(5)[2:]]
    assert len(list((tmp_path / "modules").iterdir())) == 3


def test_a_content_that_is_larger_than_the_bound_is_kept_alone(tmp_path: Path) -> None:
    cache = ContentCache(tmp_path, most_bytes=4)
    first, second = (cache.write(content) for content in contents(2))
    assert (cache.read(first), cache.read(second)) == (None, contents(2)[1])


def test_a_file_that_is_not_what_its_name_says_is_none(tmp_path: Path) -> None:
    cache = ContentCache(tmp_path)
    digest = cache.write(b"right")
    (tmp_path / "modules" / digest.removeprefix("sha256:")).write_bytes(b"wrong")
    assert cache.read(digest) is None
