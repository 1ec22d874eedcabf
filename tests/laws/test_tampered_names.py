"""Whatever leads the name of a service elsewhere is caught, and the record or zone is named.

The network is that of the shipped blueprint, applied to the built-in Azure, which writes the
records of private endpoints as Azure does. Each row changes one thing in it.
"""

from collections.abc import Iterator

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.proofs.proof import Breach, Proof, Verdict
from provisioner.network.proofs.suite import prove_topology
from tests.environments import ROOT, open_bench
from tests.network import LINK, NETWORK, Fault, Site, build_site

ZONE = f"{NETWORK}/privateDnsZones"
A, AAAA, CNAME = f"{ZONE}/A", f"{ZONE}/AAAA", f"{ZONE}/CNAME"
VAULTS, REGISTRIES = "privatelink.vaultcore.azure.net", "privatelink.azurecr.io"
ELSEWHERE = "203.0.113.66"


@pytest.fixture(scope="module")
def site(catalog: Catalog) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patched, open_bench(catalog) as bench:
        patched.chdir(ROOT)
        yield build_site(bench, catalog)


def vault(site: Site) -> str:
    return site.resource("vault.vault").id.name


def registry(site: Site) -> str:
    return site.resource("registry.registry").id.name


def led_to(address: str) -> dict[str, object]:
    return {"aRecords": [{"ipv4Address": address}]}


def foreign_zone(site: Site, name: str, network: str = "hub.network") -> Site:
    """A zone that the blueprint does not have, linked to a network of it."""
    with_zone = site.put(ZONE, name, "dns.vault.zone", f"their-{name}")
    linked = site.resource(network).id.text
    return with_zone.add(f"their-{name}", LINK, "theirs", virtualNetwork={"id": linked})


def in_foreign_zone(site: Site, zone: str, kind: str, name: str, **values: object) -> Site:
    return foreign_zone(site, zone).add(f"their-{zone}", kind, name, **values)


def tampering(what: str, element: str, put_in: Fault):
    """`element` is a pattern: `{vault}` and `{registry}` stand for the names of the services."""
    return pytest.param(put_in, element, id=what)


TAMPERINGS = [
    tampering("the vault's own record leads elsewhere", f"{VAULTS}/A/{{vault}}",
              lambda s: s.add("dns.vault.zone", A, vault(s), **led_to(ELSEWHERE))),
    tampering("the vault's record leads to another address beside the right one",
              f"{VAULTS}/A/{{vault}}",
              lambda s: s.add("dns.vault.zone", A, vault(s), aRecords=[
                  *s.resource(f"dns.vault.zone[{vault(s)}]").body["properties"]["aRecords"],
                  {"ipv4Address": ELSEWHERE}])),
    tampering("the data endpoint of the registry leads elsewhere",
              f"{REGISTRIES}/A/{{registry}}.westeurope.data",
              lambda s: s.add("dns.registry.zone", A, f"{registry(s)}.westeurope.data",
                              **led_to(ELSEWHERE))),
    tampering("an IPv6 address beside the right one", f"{VAULTS}/AAAA/{{vault}}",
              lambda s: s.add("dns.vault.zone", AAAA, vault(s),
                              aaaaRecords=[{"ipv6Address": "2001:db8::66"}])),
    tampering("an alias in the place of the record", f"{VAULTS}/CNAME/{{vault}}",
              lambda s: s.remove(f"dns.vault.zone[{vault(s)}]").add(
                  "dns.vault.zone", CNAME, vault(s), cnameRecord={"cname": "evil.example"})),
    tampering("the record is gone", "dns.vault.zone",
              lambda s: s.remove(f"dns.vault.zone[{vault(s)}]")),
    tampering("the record is gone, and a wildcard answers", f"{VAULTS}/A/*",
              lambda s: s.remove(f"dns.vault.zone[{vault(s)}]").add(
                  "dns.vault.zone", A, "*", **led_to(ELSEWHERE))),
    tampering("a zone of the host that clients ask for", "vault.azure.net/A/{vault}",
              lambda s: in_foreign_zone(s, "vault.azure.net", A, vault(s), **led_to(ELSEWHERE))),
    tampering("a zone of the whole domain with a wildcard", "azurecr.io/A/*",
              lambda s: in_foreign_zone(s, "azurecr.io", A, "*", **led_to(ELSEWHERE))),
    tampering("a zone of the vault alone, whose name is longer",
              "{vault}.privatelink.vaultcore.azure.net/A/@",
              lambda s: in_foreign_zone(s, f"{vault(s)}.{VAULTS}", A, "@", **led_to(ELSEWHERE))),
    tampering("a zone that answers, and has no record", "their-vault.azure.net",
              lambda s: foreign_zone(s, "vault.azure.net")),
]  # fmt: skip


def private_services(site: Site) -> Proof:
    return site.prove()["private services"]


@pytest.mark.parametrize(("put_in", "element"), TAMPERINGS)
def test_what_leads_a_name_elsewhere_is_named(site, put_in, element):
    wanted = element.format(vault=vault(site), registry=registry(site))

    proof = private_services(put_in(site))

    assert proof.verdict is Verdict.FAILS
    assert wanted in [breach.element for breach in proof.breaches], proof.breaches


def test_the_breach_says_where_the_name_leads_and_where_it_should(site):
    tampered = site.add("dns.vault.zone", A, vault(site), **led_to(ELSEWHERE))

    (breach,) = private_services(tampered).breaches

    assert f"to {ELSEWHERE}, expected 10.4." in breach.message


HARMLESS = [
    pytest.param(lambda s: s, id="nothing"),
    pytest.param(lambda s: s.add("dns.vault.zone", A, "kv-of-others", **led_to("10.9.0.4")),
                 id="the record of another vault"),
    pytest.param(lambda s: s.add("dns.vault.zone", A, "*", **led_to(ELSEWHERE)),
                 id="a wildcard that the right record goes before"),
    pytest.param(lambda s: s.add("dns.vault.zone", f"{ZONE}/TXT", vault(s),
                                 txtRecords=[{"value": ["of the platform team"]}]),
                 id="a text for the vault's name"),
    pytest.param(lambda s: foreign_zone(s, "example.internal"), id="a zone of other names"),
    pytest.param(lambda s: foreign_zone(s, "core.windows.net"),
                 id="a zone of a service that has no private endpoint"),
]  # fmt: skip


@pytest.mark.parametrize("put_in", HARMLESS)
def test_what_leads_no_name_elsewhere_is_no_breach(site, put_in):
    assert private_services(put_in(site)).breaches == ()


def test_a_zone_whose_records_cannot_be_read_leaves_it_open(site):
    zone = site.resource("dns.vault.zone").id.key
    topology = read_topology(site.estate, "AzureCloud", (), {zone: "AuthorizationFailed"})

    proof = next(p for p in prove_topology(topology) if p.name == "private services")

    assert proof.verdict is Verdict.UNKNOWN
    assert [b.element for b in proof.breaches] == ["dns.vault.zone"]
    assert all(_is_open(breach) for breach in proof.breaches)


def _is_open(breach: Breach) -> bool:
    return not breach.certain and "AuthorizationFailed" in breach.message
