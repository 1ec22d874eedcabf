"""Prints how well the built-in Azure agrees with the recorded one, and writes docs/fidelity.md and
docs/simulator-support.md."""

import argparse
import sys
from pathlib import Path

from fidelity.evidence import Exchanges, count_exchanges
from fidelity.measure import combine, measure_parts
from fidelity.report import render, summarise
from fidelity.sdk_requests import read_sdk_requests
from fidelity.silence import measure_silence
from fidelity.support import read_exchanges, render_support
from provisioner.catalog.registry import all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.simulator.routing import ROUTES

_ROOT = Path(__file__).parents[1]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m fidelity", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=_ROOT.parent / "shared" / "corpus")
    parser.add_argument("--output", type=Path, default=_ROOT / "docs" / "fidelity.md")
    parser.add_argument("--support", type=Path, default=_ROOT / "docs" / "simulator-support.md")
    parser.add_argument(
        "--keep-recorded",
        action="store_true",
        help="replay nothing: write the page of --support alone, with the recorded numbers it has",
    )
    options = parser.parse_args()
    types = all_types()
    if options.keep_recorded:
        exchanges = read_exchanges(options.support.read_text(encoding="utf-8"))
        _write_support(options.support, exchanges)
        return
    if not options.corpus.is_dir():
        sys.exit(f"There is no recorded traffic at {options.corpus}: name it with --corpus.")
    catalog = build_catalog(types, read_schema_index(types))
    parts = measure_parts(options.corpus, _ROOT / "tests" / "catalog", catalog)
    for line in summarise(parts):
        print(line)
    silence = measure_silence(options.corpus, catalog)
    options.output.write_text(render(parts, silence), encoding="utf-8")
    _write_support(options.support, count_exchanges(combine(parts.values())))


def _write_support(page: Path, exchanges: Exchanges) -> None:
    types = all_types()
    support = render_support(types, ROUTES, read_sdk_requests(types), exchanges)
    page.write_text(support, encoding="utf-8")


if __name__ == "__main__":
    main()
