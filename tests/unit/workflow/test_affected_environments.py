"""Which environments a change touches: by what their composition opens, and nothing else."""

import pytest

from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.workflow.affected_environments import find_touched

READS = {
    "dev.yaml": ("app.yaml", "modules/net.yaml"),
    "prod.yaml": ("app.yaml", "modules/net.yaml", "modules/extra.yaml"),
    "tools.yaml": ("tools.yaml.blueprint",),
    "broken.yaml": ("missing.yaml",),
}
FILES = MemoryFiles(
    {path: "" for path in {*READS, *(p for ps in READS.values() for p in ps)} - {"missing.yaml"}}
)


def compose(path, sources):
    for each in (path, *READS[path]):
        sources.read_text(each)


CASES = {
    "its own file": (["dev.yaml"], {"dev.yaml": ("dev.yaml",)}),
    "a shared module": (
        ["modules/net.yaml"],
        {"dev.yaml": ("modules/net.yaml",), "prod.yaml": ("modules/net.yaml",)},
    ),
    "a module of one": (["modules/extra.yaml"], {"prod.yaml": ("modules/extra.yaml",)}),
    "nobody's file": (["README.md"], {}),
    "a file that one asks for and that the change deletes": (
        ["missing.yaml"],
        {"broken.yaml": ("missing.yaml",)},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_environment_is_touched_by_what_it_reads(name):
    changed, expected = CASES[name]
    found, _ = find_touched(
        READS, {f"/repo/{path}": path for path in changed}, compose, FILES, lambda p: [f"/repo/{p}"]
    )
    assert {one.path: one.files for one in found} == expected
