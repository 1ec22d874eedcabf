"""A waived counter-example in a plan: who accepts it, until when and why, apart from open ones."""

from provisioner.reports.markdown import render_plan_markdown
from provisioner.reports.proof_text import breach_lines
from provisioner.workflow.plan import Desired, load_desired
from tests.environments import BLUEPRINT, ENVIRONMENT, TODAY, Bench, MemoryFiles

VAULT = """\
  NAME:
    type: Microsoft.KeyVault/vaults
    resourceGroup: main
    name: kv-contoso-NAME
    properties: {tenantId: 00000000-0000-0000-0000-000000000000, sku: {family: A, name: standard}}
"""
WAIVERS = """\
waivers:
  - control: PRF-07
    scope: legacy
    reason: moves behind a private endpoint
    owner: platform@contoso.com
    expires: 2027-03-31
"""


def compose(bench: Bench, *vaults: str) -> Desired:
    files = {
        "environment.yaml": ENVIRONMENT + WAIVERS,
        "blueprint.yaml": BLUEPRINT + "".join(VAULT.replace("NAME", name) for name in vaults),
    }
    return load_desired("environment.yaml", bench.catalog, MemoryFiles(files), TODAY)


def told(bench: Bench, *vaults: str) -> tuple[str, str]:
    document = bench.plan(compose(bench, *vaults)).document
    lines = breach_lines([p for p in document.proofs if p.control == "PRF-07"], 100)
    text = "\n".join("".join(span.text for span in line).rstrip() for line in lines)
    return text, render_plan_markdown(document)


def test_a_waived_breach_stands_after_the_open_ones_and_says_who_accepts_it(bench: Bench) -> None:
    text, markdown = told(bench, "legacy", "web")

    assert text.splitlines()[:9] == [
        "  not proved · private services · 1 of 2 waived",
        "    vaults, registries and storage accounts are reachable through private endpoints "
        "only (2",
        "    services)",
        "    web",
        "        web is reachable on its public address.",
        "        Set `publicNetworkAccess: Disabled`.",
        "    legacy · waived",
        "        legacy is reachable on its public address.",
        "        waived by platform@contoso.com until 2027-03-31: moves behind a private endpoint",
    ]
    assert "private services (waived)" in markdown
    assert markdown.count("until 2027-03-31") == 1


def test_a_proof_whose_breaches_are_all_waived_is_called_waived(bench: Bench) -> None:
    text, _ = told(bench, "legacy")

    assert text.splitlines()[0] == "  waived · private services"
