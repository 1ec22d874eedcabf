"""Prints how well the built-in Azure agrees with the recorded one, and writes docs/fidelity.md."""

import argparse
import sys
from pathlib import Path

from fidelity.measure import measure_parts
from fidelity.report import render, summarise
from fidelity.silence import measure_silence
from provisioner.catalog.registry import all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index

_ROOT = Path(__file__).parents[1]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m fidelity", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=_ROOT.parent / "shared" / "corpus")
    parser.add_argument("--output", type=Path, default=_ROOT / "docs" / "fidelity.md")
    options = parser.parse_args()
    if not options.corpus.is_dir():
        sys.exit(f"There is no recorded traffic at {options.corpus}: name it with --corpus.")
    types = all_types()
    catalog = build_catalog(types, read_schema_index(types))
    parts = measure_parts(options.corpus, _ROOT / "tests" / "catalog", catalog)
    for line in summarise(parts):
        print(line)
    silence = measure_silence(options.corpus, catalog)
    options.output.write_text(render(parts, silence), encoding="utf-8")


if __name__ == "__main__":
    main()
