"""Runs checkov over one template, without a network."""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.templates import Scanned


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A check that failed at an address; `title` is what checkov calls it."""

    check: str
    address: str
    title: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scan saw: how many resources, how many checks passed, and what failed."""

    resources: int
    passed: int
    findings: tuple[Finding, ...]


def scan(checkov: Path, scanned: Scanned) -> Scan:
    """Return what checkov says of a template. Raises RuntimeError where it did not see all of it.

    It is given no key and told to download nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "main.json"
        file.write_text(json.dumps(scanned.template, indent=1), encoding="utf-8")
        command = [str(checkov), "-f", str(file), "--framework", "arm", "--compact", "--quiet"]
        command += ["--skip-download", "-o", "json"]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("BC_", "PRISMA_"))}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**kept, "LOG_LEVEL": "ERROR"}
        )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
        summary = report["summary"]
    except (KeyError, TypeError, ValueError) as problem:
        raise RuntimeError(f"checkov failed: {done.stderr.strip() or done.stdout}") from problem
    deployments = len(scanned.template["resources"])
    seen = summary["resource_count"] - deployments
    if seen != len(scanned.addresses) or summary["parsing_errors"]:
        raise RuntimeError(
            f"checkov saw {seen} of the {len(scanned.addresses)} resources of {scanned.name}"
        )
    findings = {
        Finding(f["check_id"], scanned.addresses.get(f["resource"], f["resource"]), f["check_name"])
        for f in report["results"]["failed_checks"]
    }
    return Scan(seen, summary["passed"], tuple(sorted(findings)))
