"""WRK-01: what images run, and what is known of them.

Facts: guidelines.md §1.3.
"""

import re
from collections.abc import Iterator, Mapping

from provisioner.catalog.built_in_policies import ALLOWED_IMAGES
from provisioner.controls.aks.admission import DENY, Demand, assign, policy_rule
from provisioner.controls.aks.image_sources import NAMED_HOSTS, NAMED_SOURCES
from provisioner.controls.aks.namespace_rules import (
    NAMES_REGISTRIES,
)
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.predicates import equals, show
from provisioner.controls.resource_types import CACHE_RULE, CLUSTER, DEFENDER_PLAN, REGISTRY
from provisioner.controls.rule import expect, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import is_empty, lookup

_ITEM = "Image scanning in Azure Container Registry, ValidatingAdmissionWebhook and third parties"
_TIER = "properties.pricingTier"
_EXTENSIONS = "properties.extensions"
_SCAN = "ContainerRegistriesVulnerabilityAssessments"
_GATING = "properties.securityProfile.defender.securityGating"
_GATE = f"{_GATING}.enabled"
_READERS = f"{_GATING}.identities"
# Defender for Cloud has left Azure China (guidelines.md CLU-04.1).
_CLOUDS = ("AzureCloud", "AzureUSGovernment")


def _plan_of(registry: Subject) -> Subject | None:
    """Return the plan of Defender for Containers that holds for a registry: the nearest one, for a
    plan of a resource goes before that of its subscription."""
    plans = [
        (len(scope.text), plan)
        for plan in registry.all(DEFENDER_PLAN)
        if plan.name.lower() == "containers"
        and (scope := plan.id.scope) is not None
        and registry.id.is_within(scope)
    ]
    return max(plans, key=lambda found: found[0])[1] if plans else None


def _judge_scan(registry: Subject) -> Iterator[Observation]:
    """The plan of Defender for Containers on a registry's subscription scans what it holds."""
    plan = _plan_of(registry)
    if plan is None:
        yield registry.fails("", "its subscription has no plan of Defender for Containers here")
        return
    tier = plan.value(_TIER)
    on = {
        str(entry.get("name")).lower()
        for entry in plan.entries(_EXTENSIONS)
        if str(entry.get("isEnabled")).lower() == "true"
    }
    if tier != "Standard":
        yield registry.fails("", f"{plan.label}: {_TIER} is {show(tier)}, expected Standard")
    elif _SCAN.lower() not in on:
        yield registry.fails("", f"{plan.label} does not switch on {_SCAN}")
    else:
        yield registry.passes("", f"{plan.label} scans its images")


def _judge_gate(cluster: Subject) -> Iterator[Observation]:
    """The gate is on, and can read what was found in each of the environment's registries."""
    gate = look(cluster, _GATE, equals(True))
    yield gate
    if cluster.value(_GATE) is not True:
        return
    readers = [entry for entry in cluster.entries(_READERS) if _has_identity(entry)]
    read = {_registry_at(entry.get("azureContainerRegistry")) for entry in readers}
    missing = [r.label for r in cluster.all(REGISTRY) if r.name.lower() not in read]
    if missing:
        yield cluster.fails(_READERS, f"no identity reads the findings of {', '.join(missing)}")
    elif not readers:
        yield cluster.fails(_READERS, "no identity reads the findings of any registry")
    else:
        hosts = [str(entry.get("azureContainerRegistry")) for entry in readers]
        yield cluster.passes(_READERS, f"it reads the findings of {', '.join(hosts)}")


def _has_identity(entry: Mapping[str, object]) -> bool:
    return any(not is_empty(lookup(entry, ("identity", key))) for key in _IDENTIFIED_BY)


_IDENTIFIED_BY = ("resourceId", "clientId", "objectId")
_LOGIN_SERVER = re.compile(r"([a-z0-9]+)(-[a-z0-9]+)?\.azurecr\.(io|us|cn)", re.ASCII)
"""The part behind a hyphen is there where the name is for one tenant or group alone
(domainNameLabelScope); names have none."""


def _registry_at(host: object) -> str | None:
    """Return the name of the registry at a login server, None for any other host."""
    match = _LOGIN_SERVER.fullmatch(str(host).strip().lower())
    return match[1] if match else None


CONTROLS = (
    Control(
        id="WRK-01",
        title="Images are known, scanned and from a registry of one's own",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="An image brings other people's code into the cluster, and its flaws with it.",
        modes=(),
        mappings=Mappings(cis=("5.1.1",)),
    ),
    Control(
        id="WRK-01.1",
        title="Images are scanned in the registry",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Flaws become known after an image was built: a scan of what lies in the registry "
            "finds them, whether the image is deployed or not."
        ),
        remediation="""
            plan:
              type: Microsoft.Security/pricings
              name: Containers
              scope: ${subscription}
              properties:
                pricingTier: Standard
                extensions:
                  - {name: ContainerRegistriesVulnerabilityAssessments, isEnabled: "True"}
        """,
        rules=(
            rule(
                REGISTRY,
                _judge_scan,
                others={DEFENDER_PLAN: (_TIER, _EXTENSIONS)},
                clouds=_CLOUDS,
            ),
        ),
        limits="Whether somebody acts on what a scan finds is not seen.",
        mappings=Mappings(
            policies=("090c7b07-b4ed-4561-ad20-e9075f3ccaff",),
            checkov=("CKV_AZURE_163",),
            psrule=("Azure.ACR.ContainerScan", "Azure.ACR.ImageHealth"),
        ),
    ),
    Control(
        id="WRK-01.2",
        title="Pods run images of approved registries alone",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="What nobody looked at does not run, whoever has the right to deploy.",
        remediation=assign(
            "registries",
            ALLOWED_IMAGES,
            effect="Deny",
            allowedContainerImagesRegex=r"'^contoso\.azurecr\.io/.+$'",
        ),
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(
            policy_rule(
                Demand(ALLOWED_IMAGES, {"effect": DENY, "allowedContainerImagesRegex": NAMED_HOSTS})
            ),
            expect(CACHE_RULE, "properties.sourceRepository", NAMED_SOURCES),
        ),
        in_cluster=(NAMES_REGISTRIES,),
        evidence=(
            "a pod that is refused: `kubectl run probe --image=docker.io/library/nginx:1.27 "
            "--dry-run=server` in a team's namespace"
        ),
        limits=(
            "What lies in a registry of one's own is not judged, but for what it caches of others "
            "(cacheRules). Hosts of which nobody here knows that everybody publishes there are "
            "taken for a company's own. Init and ephemeral "
            "containers are what the policy makes of them."
        ),
        mappings=Mappings(cis=("5.1.4",), policies=(ALLOWED_IMAGES.guid,)),
    ),
    Control(
        id="WRK-01.3",
        title="Images with grave findings do not start",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale="A finding that stops nothing is read when it is too late.",
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                securityProfile:
                  defender:
                    securityGating:
                      enabled: true
                      identities:
                        - azureContainerRegistry: registry.azurecr.io
                          identity: {resourceId: "${kubelet.id}"}
        """,
        rules=(rule(CLUSTER, _judge_gate, _GATE, _READERS, others={REGISTRY: ()}, clouds=_CLOUDS),),
        limits=(
            "The findings themselves are Defender's. Whether the identity may pull is for WRK-01.5."
        ),
        unmapped="The built-in policies for it are deprecated, or audit alone.",
    ),
    Control(
        id="WRK-01.6",
        title="Admission of one's own is written as policies of Kubernetes",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A ValidatingAdmissionPolicy runs in the API server. A webhook can fail, be too slow, "
            "or shut the system's own pods out."
        ),
        remediation=(
            "Write rules as ValidatingAdmissionPolicy with a binding (`azsec manifests` has "
            "examples). Where a webhook has to be: `failurePolicy: Fail`, and a namespaceSelector "
            "that leaves out namespaces labelled control-plane."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "the webhooks and policies of the cluster: `kubectl get "
            "validatingadmissionpolicybindings,validatingwebhookconfigurations,"
            "mutatingwebhookconfigurations -o yaml`"
        ),
        mappings=Mappings(cis=("4.1.11",)),
    ),
)
