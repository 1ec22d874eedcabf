"""Scans every environment, prints figures, and fails where docs/audit.md is not the truth."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from audit.listing import Listed, read_listing
from audit.scanning import Scan, scan
from audit.templates import Scanned, export_all, weaken
from provisioner.catalog.registry import all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.model.diagnostic import DiagnosticError

_ROOT = Path(__file__).parents[1]
_CHECKOV = _ROOT / ".audit" / "bin" / "checkov"
_WEAKENED = (
    (
        "Microsoft.ContainerService/managedClusters",
        ("properties", "disableLocalAccounts"),
        False,
        "CKV_AZURE_141",
    ),
    ("Microsoft.KeyVault/vaults", ("properties", "enablePurgeProtection"), False, "CKV_AZURE_110"),
    (
        "Microsoft.ContainerRegistry/registries",
        ("properties", "publicNetworkAccess"),
        "Enabled",
        "CKV_AZURE_139",
    ),
)
"""What checkov has to find where it is weakened on purpose, deep in a nested template."""


def main() -> None:
    """Scan, print, judge. Ends with 1 where something is not as it is listed."""
    listing = read_listing((_ROOT / "docs" / "audit.md").read_text(encoding="utf-8"))
    types = all_types()
    catalog = build_catalog(types, read_schema_index(types))
    templates = list(export_all(_ROOT, catalog, datetime.now(UTC).date()))
    scans: list[Scan] = []
    for template in templates:
        found = scan(_CHECKOV, template)
        print(
            f"{template.name}: {found.resources} resources, {found.passed} checks passed, "
            f"{len(found.findings)} failed"
        )
        scans.append(found)
    problems = [*judge(scans, listing), *_blind_spots(templates)]
    for problem in problems:
        print(problem, file=sys.stderr)
    failed = sum(len(one.findings) for one in scans)
    passed = sum(one.passed for one in scans)
    print(f"{passed} passed, {failed} failed, {len(listing)} listed in docs/audit.md.")
    sys.exit(1 if problems else 0)


def judge(scans: Iterable[Scan], listing: Iterable[Listed]) -> list[str]:
    """Return what is wrong: failures that are not listed, and rows that fail no more."""
    findings = {(f.check, f.address): f.title for one in scans for f in one.findings}
    listed = {(row.check, row.address) for row in listing}
    unlisted = [
        f"{check} fails at {address}: {title}. Mend the blueprint, or list it with a reason."
        for (check, address), title in sorted(findings.items())
        if (check, address) not in listed
    ]
    outlived = [
        f"{check} does not fail at {address} any more. Take it out of docs/audit.md."
        for check, address in sorted(listed - set(findings))
    ]
    return unlisted + outlived


def _blind_spots(templates: Iterable[Scanned]) -> list[str]:
    """Weaken a template on purpose; return what checkov does not find of it."""
    template = next(one for one in templates if "secure-aks" in one.name)
    weakened = template
    for type_name, path, value, _ in _WEAKENED:
        weakened = weaken(weakened, type_name, path, value)
    found = {finding.check for finding in scan(_CHECKOV, weakened).findings}
    return [
        f"{check} was to fail where {'.'.join(path)} was weakened on purpose, and did not."
        for _, path, _, check in _WEAKENED
        if check not in found
    ]


if __name__ == "__main__":
    try:
        main()
    except (DiagnosticError, OSError, RuntimeError, ValueError) as problem:
        sys.exit(f"The audit could not be made: {problem}")
