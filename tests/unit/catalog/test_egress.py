"""The table of egress: what it knows by cloud, and which features a cluster has."""

import pytest

from provisioner.catalog.egress import CLOUDS, FEATURES, egress_of, features_of

SIGN_IN = [
    ("AzureCloud", "login.microsoftonline.com"),
    ("AzureUSGovernment", "login.microsoftonline.us"),
    ("AzureChinaCloud", "login.chinacloudapi.cn"),
]
UNKNOWN = [
    ("AzureChinaCloud", "defender", "not offered there any more"),
    ("AzureUSGovernment", "windows", "documented for the public cloud alone"),
    ("AzureChinaCloud", "gpu", "documented for the public cloud alone"),
    ("AzureCloud", "aciConnectorLinux", "an add-on that the table does not have"),
    ("AzureGermanCloud", "nodes", "a cloud that the table does not have"),
]


@pytest.mark.parametrize(("cloud", "host"), SIGN_IN)
@pytest.mark.parametrize("feature", ["nodes", "workload-identity"])
def test_every_cloud_signs_in_at_its_own_host(cloud, host, feature):
    rules = egress_of(cloud, feature, "region1") or ()
    assert host in {name for rule in rules for name in rule.hosts}


@pytest.mark.parametrize(("cloud", "feature", "_reason"), UNKNOWN, ids=[r[2] for r in UNKNOWN])
def test_what_nobody_has_said_is_unknown_and_not_nothing(cloud, feature, _reason):
    assert egress_of(cloud, feature, "region1") is None


def test_hosts_name_the_region():
    rules = egress_of("AzureCloud", "public-api-server", "westeurope") or ()
    assert rules[0].hosts == ("*.hcp.westeurope.azmk8s.io",)
    assert rules[1].tags == ("AzureCloud.westeurope",)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_no_rule_is_for_another_cloud_or_for_everything(cloud):
    foreign = {
        "AzureCloud": (".us", ".cn"),
        "AzureUSGovernment": (
            "microsoftonline.com",
            "monitor.azure.com",
            "opinsights.azure.com",
            ".cn",
        ),
        "AzureChinaCloud": ("microsoftonline.com", ".us"),
    }[cloud]
    for feature in FEATURES:
        for rule in egress_of(cloud, feature, "region1") or ():
            assert rule.hosts or rule.tags
            for host in rule.hosts:
                assert "{" not in host
                assert host.removeprefix("*.").count(".") >= 1
                assert not host.endswith(foreign), host


PRIVATE = {"apiServerAccessProfile": {"enablePrivateCluster": True}}
CLUSTERS = [
    ({}, [], ["nodes", "public-api-server"], "a public cluster"),
    (PRIVATE, [], ["nodes"], "a private one"),
    (
        {"apiServerAccessProfile": {"enableVnetIntegration": True}},
        [],
        ["nodes"],
        "nodes of an integrated one talk to it in the network",
    ),
    (
        {**PRIVATE, "bootstrapProfile": {"artifactSource": "Cache"}},
        [],
        [],
        "an isolated one starts from its registry",
    ),
    (
        {**PRIVATE, "addonProfiles": {"azurePolicy": {"enabled": True}}},
        [],
        ["nodes", "policy"],
        "add-ons in Azure's own spelling",
    ),
    (
        {**PRIVATE, "addonProfiles": {"omsagent": {"enabled": False}}},
        [],
        ["nodes"],
        "an add-on that is off needs nothing",
    ),
    (
        {**PRIVATE, "addonProfiles": {"gitops": {"enabled": True}}},
        [],
        ["nodes", "gitops"],
        "an add-on that is not in the table stands for itself",
    ),
    (
        {**PRIVATE, "autoUpgradeProfile": {"nodeOSUpgradeChannel": "SecurityPatch"}},
        [],
        ["nodes", "security-patches"],
        "the channel",
    ),
    (PRIVATE, [{"osType": "Windows"}], ["nodes", "windows"], "a pool of Windows"),
    (PRIVATE, [{"vmSize": "Standard_NC6s_v3"}], ["nodes", "gpu"], "a pool with GPUs"),
    (
        PRIVATE,
        [{"vmSize": "Standard_NC6s_v3", "gpuProfile": {"driver": "None"}}],
        ["nodes"],
        "drivers that the image has",
    ),
]


@pytest.mark.parametrize(
    ("properties", "pools", "features", "_reason"), CLUSTERS, ids=[r[3] for r in CLUSTERS]
)
def test_features_of_a_cluster(properties, pools, features, _reason):
    bodies = [{"properties": pool} for pool in pools]
    assert list(features_of({"properties": properties}, bodies)) == features
