"""`azsec adopt` on estates that others made: files that plan to nothing, and marks by a review."""

import json
import re
from pathlib import Path

import pytest

from provisioner.azure.type_index import InstalledTypes
from provisioner.blueprint.ownership import is_ownership_tag
from provisioner.blueprint.parameter_values import ParameterValue, Source
from provisioner.catalog import api_versions
from provisioner.catalog.registry import Catalog
from provisioner.cli.application import app
from provisioner.cli.failure import run_guarded
from provisioner.cli.workspace import FileSources
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.plan.reads import INVENTORY, Read
from provisioner.workflow.plan import Desired, Invocation, load_desired
from tests.environments import ROOT, TODAY, Bench, load_shipped
from tests.estates import (
    LARGE_SUBSCRIPTION,
    UNKNOWN_TYPES,
    put,
    put_estate,
    put_large_estate,
    put_raw,
    read_raw,
)

BASELINE = ROOT / "environments/examples/aks-baseline/environment.yaml"
_SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def azure(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A built-in Azure that the commands of this process reach, and an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZSEC_CLOUD", "local")
    monkeypatch.setenv("AZSEC_LOCAL_ENDPOINT", bench.server.endpoint)
    monkeypatch.setenv("COLUMNS", "120")
    return bench


def files_in(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.yaml"))
    }


def marked(bench: Bench) -> list[str]:
    """Return the ids of what carries a tag of azsec, as the lists of all subscriptions show it."""
    ids = [ResourceId.parse(text) for text in bench.server.resource_ids()]
    groups = [each for each in ids if each.type == RESOURCE_GROUP]
    lists = [
        Read(f"{g}/resources", api_versions.RESOURCES, INVENTORY, is_list=True) for g in groups
    ]
    return [
        str(item["id"])
        for answer in bench.client.read(lists)
        for item in answer.items
        for name in item.get("tags") or {}
        if is_ownership_tag(name)
    ]


def run(*words: str) -> int:
    return run_guarded(app, words)


@pytest.fixture
def landing(azure: Bench, catalog: Catalog) -> Desired:
    """prod.yaml as another tool would have made it: 117 resources and groups, three subscriptions,
    no mark."""
    shipped = load_shipped("prod", catalog)
    put_estate(azure, shipped)
    return shipped


def put_baseline(azure: Bench) -> Desired:
    """Microsoft's AKS baseline in full, made as somebody else would have: also its gateway, for
    which the certificates have to be in the vault."""
    first = load_desired(str(BASELINE), azure.catalog, FileSources(ROOT), TODAY, "local")
    put_estate(azure, first)
    (vault,) = (r.id for r in first.graph if r.id.type == "Microsoft.KeyVault/vaults")
    for name in ("appgw-ingress-internal-aks-ingress-tls", "gateway-external-pfx-cert"):
        put(azure, f"{vault}/secrets/{name}", {"properties": {"value": "not a certificate"}})
    there = Invocation(
        values=(ParameterValue("certificatesInVault", "true", Source.SET, "a test"),)
    )
    whole = load_desired(str(BASELINE), azure.catalog, FileSources(ROOT), TODAY, "local", there)
    put_estate(azure, whole)
    return whole


def test_a_reference_architecture_is_adopted_planned_and_marked_by_a_review(
    azure: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Microsoft's AKS baseline: what stands in its groups, and at its cluster."""
    baseline = put_baseline(azure)
    groups = [r.id for r in baseline.graph if r.id.type == RESOURCE_GROUP and r.managed]
    options = [word for g in groups for word in ("--resource-group", f"{g.subscription}/{g.name}")]

    assert run("adopt", "baseline", *options) == 0
    assert not marked(azure)
    told = capsys.readouterr().out
    assert "proven: the plan of these files changes nothing but azsec's marks" in told
    adopted = load_desired(
        str(tmp_path / "environments/baseline.yaml"), azure.catalog, FileSources(tmp_path), TODAY
    )
    # Not adopted (docs/adopt.md, Limits): a role in the group of the nodes, a table of the
    # workspace, and what stands at the subscription.
    lost = {r.id for r in baseline.graph if r.managed} - {r.id for r in adopted.graph}
    assert sorted(each.type.rpartition("/")[2] for each in lost) == [
        "policyDefinitions",
        "roleAssignments",
        "tables",
    ]

    assert run("fmt", "--check") == 0
    assert lines_as_documented() == sum(t.count("\n") for t in files_in(tmp_path).values())
    capsys.readouterr()
    assert run("plan", "baseline", "--out", "plan.json") == 0
    plan = capsys.readouterr().out
    assert not {"create", "update", "delete", "replace"} & set(plan.split())
    assert run("apply", "plan.json") == 0
    assert marked(azure)
    capsys.readouterr()
    assert run("plan", "baseline", "--detailed-exitcode") == 0
    assert "No changes" in capsys.readouterr().out

    # The same estate is the environment's now, and nobody else's to adopt.
    assert run("adopt", "again", *options) == 1
    assert "carries marks of azsec's environment baseline" in capsys.readouterr().err


_COUNTED = re.compile(r"^\| `(?P<file>[\w./-]+\.bicep)` \| (?P<lines>[\d,]+) \|", re.MULTILINE)


def lines_as_documented() -> int:
    """Return how many lines of the baseline docs/adopt.md states, once they are compared with what
    it says of the Bicep: less than a third."""
    page = (ROOT / "docs/adopt.md").read_text(encoding="utf-8")
    counted = [int(m["lines"].replace(",", "")) for m in _COUNTED.finditer(page)]
    ours = re.search(r"writes \*\*([\d,]+) lines\*\*", page)
    total = re.search(r"\*\*([\d,]+) lines\*\* of Bicep", page)
    assert ours is not None
    assert total is not None
    assert len(counted) == 9
    assert sum(counted) == int(total[1].replace(",", ""))
    lines = int(ours[1].replace(",", ""))
    assert 3 * lines < sum(counted)
    return lines


def test_teams_of_one_shape_share_their_modules(
    azure: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """112 resources of 40 types, of which the catalog lacks 10; `make bench` adopts 560."""
    count = put_large_estate(azure, teams=2)
    versions = [word for t in UNKNOWN_TYPES for word in ("--api-version", f"{t}=2024-04-01")]

    assert run("adopt", "teams", "--subscription", LARGE_SUBSCRIPTION, *versions, "-o", "json") == 0

    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "proven"
    # Without the group of the network watchers, which Azure makes.
    assert document["adopted"] == count
    assert document["types"] == 40
    blueprint = files_in(tmp_path)["blueprints/teams.yaml"]
    assert blueprint.count("source: teams/network.yaml") == 2
    assert not document["notExpressed"]


def test_a_cluster_is_adopted_with_what_belongs_to_it(
    landing: Desired, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = landing.graph.resources["cluster.cluster"].id

    assert run("adopt", "aks", "--cluster", cluster.text, "-o", "json") == 0

    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "proven"
    text = "".join(files_in(tmp_path).values())
    for kind in ("vaults", "registries", "virtualNetworks", "workspaces", "privateEndpoints"):
        assert f"/{kind}\n" in text
    # The hub is somebody else's, and so are the groups of which only a part belongs to the cluster.
    assert "azureFirewalls" not in text
    assert text.count("existing: true") == text.count("subscription:") > 1

    assert run("adopt", "none", "--cluster", cluster.text + "x") == 1
    assert "cannot be adopted: Azure has no such resource" in capsys.readouterr().err


def test_a_template_and_a_state_say_what_is_adopted_and_nothing_else_of_them_is_read(
    landing: Desired, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vault = landing.graph.resources["vault.vault"].id
    zone = next(r.id for r in landing.graph if r.id.name == "privatelink.vaultcore.azure.net")
    state = {
        "version": 4,
        "outputs": {"password": {"value": SECRETS[1]}},
        "resources": [
            {
                "mode": "managed",
                "type": "azurerm_key_vault",
                "instances": [
                    {"attributes": {"id": vault.text, "admin_password": SECRETS[1]}},
                    {"attributes": {"id": f"{zone.text}|{vault.text}x", "name": SECRETS[0]}},
                ],
            },
            {
                "type": "azurerm_key_vault_secret",
                "name": "db",
                "instances": [
                    {"attributes": {"id": f"https://kv.vault.azure.net/secrets/{SECRETS[1]}"}}
                ],
            },
            {"mode": "data", "instances": [{"attributes": {"id": f"{vault.text}-data"}}]},
        ],
    }
    Path("terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")

    assert run("adopt", "tf", "--terraform", "terraform.tfstate", "-o", "json") == 1

    printed = capsys.readouterr().out
    document = json.loads(printed)
    assert document["adopted"] == 2
    assert [each["id"] for each in document["unlisted"]] == [f"{vault.text}x"]
    (secret,) = document["notExpressed"]
    assert (secret["address"], secret["id"]) == ("azurerm_key_vault_secret.db", "")
    assert not any(s in text for s in SECRETS for text in (printed, *files_in(tmp_path).values()))

    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "resources": [
            {"type": "Microsoft.KeyVault/vaults", "name": "[format('kv-{0}', parameters('p'))]"},
            {"type": "Microsoft.ContainerRegistry/registries", "name": "elsewhere"},
        ],
    }
    Path("main.json").write_text(json.dumps(template), encoding="utf-8")
    group = f"{vault.subscription}/{vault.resource_group}"

    assert (
        run("adopt", "arm", "--resource-group", group, "--template", "main.json", "-o", "json") == 0
    )

    document = json.loads(capsys.readouterr().out)
    assert document["adopted"] == 1
    assert [each["id"] for each in document["unlisted"]] == ["elsewhere"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param([], "nothing to adopt is named", id="no source"),
        pytest.param(
            ["--resource-group", "a/b"], "there is no subscription 'a'", id="subscription"
        ),
        pytest.param(["--resource-group", f"{_SUBSCRIPTION}/none"], "no such resource", id="group"),
        pytest.param(
            ["--resource-group", f"{_SUBSCRIPTION}/n?"],
            "is not a name of a resource group",
            id="name",
        ),
        pytest.param(["--cluster", "aks"], "Expected the id of a cluster", id="cluster"),
        pytest.param(["--template", "x.json"], "Add the resource groups", id="no group"),
        pytest.param(["--terraform", "none"], "none", id="no file"),
        pytest.param(["--terraform", "list.json"], "neither a Terraform state", id="no state"),
        pytest.param(["--terraform", "empty.json"], "lists no resource of Azure", id="no ids"),
        pytest.param(["--api-version", "x=y"], "Expected a type and a version", id="api version"),
    ],
)
def test_what_cannot_be_adopted_is_refused_and_nothing_is_written(
    azure: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    put(azure, GROUP, {"location": "westeurope"})
    Path("list.json").write_text("[1]", encoding="utf-8")
    Path("empty.json").write_text('{"version": 4, "resources": []}', encoding="utf-8")

    assert run("adopt", "x", *words) == 1

    assert told in " ".join(capsys.readouterr().err.split())
    assert not files_in(tmp_path)


def test_what_could_not_be_read_is_told_and_nothing_is_claimed_of_it(
    azure: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    make_small_estate(azure, subnets=())
    azure.server.faults.deny("Microsoft.Authorization/locks/read")

    assert run("adopt", "part", "--resource-group", f"{_SUBSCRIPTION}/rg-acme-one") == 1

    told = " ".join(capsys.readouterr().out.split())
    assert "could not be read" in told
    assert "Microsoft.Authorization/locks" in told
    assert "proven for what could be read" in told


GROUP = f"/subscriptions/{_SUBSCRIPTION}/resourceGroups/rg-acme-one"


def make_small_estate(azure: Bench, subnets: tuple[str, ...] = ("in", "null", "type")) -> None:
    """A group whose names collide, are odd, and hold secrets in what no catalog knows."""
    tags = {"team": "edge", "admin_password": SECRETS[1]}
    put(azure, GROUP, {"location": "westeurope", "tags": tags})
    network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"
    for name, third in (("vnet-acme-a.b_c", 1), ("vnet-acme-a-b-c", 2)):
        space = {"addressSpace": {"addressPrefixes": [f"10.{third}.0.0/16"]}}
        put(azure, f"{network}/{name}", {"location": "westeurope", "properties": space})
        for number, subnet in enumerate(subnets):
            at = f"10.{third}.{number}.0/24"
            put(azure, f"{network}/{name}/subnets/{subnet}", {"properties": {"addressPrefix": at}})
    site = {
        "location": "northeurope",
        "kind": "linux",
        "tags": {"team": "edge", "${x}": "a: b #c"},
        "properties": {
            "siteConfig": {
                "connectionStrings": [{"name": "db", "connectionString": SECRETS[0]}],
                "appSettings": [{"name": "DB_PASSWORD", "value": SECRETS[1]}],
            },
            "note": "${not.an.expression} and $${x}",
        },
    }
    put_raw(azure, f"{GROUP}/providers/Microsoft.Web/sites/web-acme", site)
    put_raw(
        azure,
        f"{GROUP}/providers/Microsoft.Web/sites/web-acme/slots/blue",
        {"location": "northeurope", "properties": {"enabled": True}},
    )


SECRETS = ("Server=tcp:x.database.windows.net;Password=Zx81-planted-secret;", "hunter2-planted")
VERSIONS = [
    word
    for kind in ("Microsoft.Web/sites", "Microsoft.Web/sites/slots")
    for word in ("--api-version", f"{kind}=2024-04-01")
]


def test_odd_names_secrets_and_types_that_nobody_knows(
    azure: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_small_estate(azure)
    source = ("--resource-group", f"{_SUBSCRIPTION}/rg-acme-one")

    # Nobody says which api version Microsoft.Web has: what is missing is told, by resource.
    assert run("adopt", "first", *source, "--out", "first") == 1
    told = capsys.readouterr().out
    assert "proven for what could be read" in " ".join(told.split())
    assert "2 resources not in the files" in " ".join(told.split())
    assert "Web/sites web-acme" in told
    assert "--api-version Microsoft.Web/sites=VERSION" in " ".join(told.split())

    assert run("adopt", "edge", *source, *VERSIONS) == 0
    told = capsys.readouterr().out
    assert "appSettings[0].value" in " ".join(told.split())
    assert "tags.admin_password: a secret" in " ".join(told.split())
    assert run("plan", "edge", "-o", "json") == 0
    outputs = [told, capsys.readouterr().out, *files_in(tmp_path).values()]
    assert not any(secret in text for secret in SECRETS for text in outputs)
    assert "apiVersion: 2024-04-01" in "".join(files_in(tmp_path).values())

    # The marks are written beside what the files do not state, secrets and all.
    assert run("apply", "edge", "--yes", "--quiet") == 0
    capsys.readouterr()
    live = json.dumps(read_raw(azure, f"{GROUP}/providers/Microsoft.Web/sites/web-acme"))
    assert all(secret in live for secret in SECRETS)
    assert "azsec-mark" in live
    assert run("plan", "edge", "--detailed-exitcode") == 0
    assert not any(secret in capsys.readouterr().out for secret in SECRETS)

    # Nothing is written over what is there.
    assert run("adopt", "edge", *source) == 1
    assert "exists already" in capsys.readouterr().err


SITE = f"{GROUP}/providers/Microsoft.Network/vpnSites/site-acme"
PROFILE = f"{GROUP}/providers/Microsoft.Web/serverfarms/plan-acme"
HOOKS = f"{GROUP}/providers/Microsoft.Insights/actionGroups/ag-acme"
CREDENTIALS = ("planted-site-key", "planted-service-key", "planted-webhook")
OPTION = "planted-option"


def test_a_type_of_an_installed_package_is_adopted_as_plan_reads_it(
    azure: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`plan` has the models of azure-mgmt-network: what they call read-only may stand in no file,
    and what is called like a credential, or known to be one, in none either."""
    put(azure, GROUP, {"location": "westeurope"})
    site = {
        "ipAddress": "203.0.113.7",
        "siteKey": CREDENTIALS[0],
        "deviceProperties": {"deviceVendor": "acme", "linkSpeedInMbps": 100},
        "provisioningState": "Succeeded",
        "vpnSiteLinks": [],
    }
    version = InstalledTypes(tmp_path / "cache").find("Microsoft.Network/vpnSites")
    assert version is not None
    body = {"location": "westeurope", "etag": 'W/"1"', "properties": site}
    put_raw(azure, SITE, body, version.written.api_version)
    plan = {"serviceKey": CREDENTIALS[1], "keyName": "kept", "size": 2}
    plan["command"] = f"setup.sh --password {OPTION}"
    put_raw(azure, PROFILE, {"location": "westeurope", "properties": plan})
    hook = {"name": "ops", "serviceUri": f"https://hooks.example/{CREDENTIALS[2]}"}
    group = {"groupShortName": "ops", "enabled": True, "webhookReceivers": [hook]}
    put(azure, HOOKS, {"location": "global", "properties": group})
    options = ("--api-version", "Microsoft.Web/serverfarms=2024-04-01")

    assert run("adopt", "sites", "--resource-group", f"{_SUBSCRIPTION}/rg-acme-one", *options) == 0

    told = capsys.readouterr().out
    assert "properties.siteKey: a secret" in " ".join(told.split())
    assert "properties.serviceKey: a secret" in " ".join(told.split())
    assert "properties.command: a secret" in " ".join(told.split())
    files = files_in(tmp_path)
    text = "".join(files.values())
    assert f"apiVersion: {version.written.api_version}" in text
    assert "ipAddress: 203.0.113.7" in text
    assert "keyName: kept" in text
    assert "provisioningState" not in text
    assert OPTION not in text + told
    assert run("plan", "sites", "-o", "json") == 0
    document = json.loads(capsys.readouterr().out)
    assert {change["action"] for change in document["changes"]} == {"adopt"}
    tiers = {c["type"].rpartition("/")[2]: c.get("tier") for c in document["changes"]}
    assert tiers["vpnSites"] == f"schema only: azure-mgmt-network=={version.version}"
    assert tiers["serverfarms"] == "raw"
    assert tiers["actionGroups"] is None
    outputs = [told, json.dumps(document), text]
    found = [(secret, at) for secret in CREDENTIALS for at, o in enumerate(outputs) if secret in o]
    assert not found


def test_an_environment_that_is_only_watched_finds_drift_and_is_never_written(
    azure: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_small_estate(azure, subnets=())
    source = ("--resource-group", f"{_SUBSCRIPTION}/rg-acme-one", *VERSIONS)
    assert run("adopt", "eye", "--observe", *source) == 0
    assert "mode: observe" in files_in(tmp_path)["environments/eye.yaml"]
    assert run("drift", "eye") == 0
    assert run("plan", "eye", "--detailed-exitcode") == 0
    capsys.readouterr()

    azure.tamper(
        "vnet-acme-a.b_c", addressSpace={"addressPrefixes": ["10.1.0.0/16", "10.9.0.0/16"]}
    )

    assert run("drift", "eye", "-o", "json") == 2
    (drifted,) = json.loads(capsys.readouterr().out)["drifted"]
    assert drifted["fields"][0]["path"] == "properties.addressSpace.addressPrefixes"
    assert run("plan", "eye", "--detailed-exitcode", "--out", "eye.json") == 2
    assert "adopt" not in capsys.readouterr().out.splitlines()[2]
    for words in (["apply", "eye", "--yes"], ["apply", "eye.json"], ["destroy", "eye", "--yes"]):
        assert run(*words) == 3
        assert "environments/eye.yaml is only observed" in capsys.readouterr().err
    assert not marked(azure)
