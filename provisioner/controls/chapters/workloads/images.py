"""WRK-01: what images run, and what is known of them.

Facts: guidelines.md §1.3.
"""

from collections.abc import Iterator

from provisioner.catalog.built_in_policies import ALLOWED_IMAGES
from provisioner.controls.admission import DENY, Demand, assign, policy_rule
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.image_sources import NAMED_HOSTS
from provisioner.controls.kinds import CLUSTER, DEFENDER_PLAN, REGISTRY
from provisioner.controls.rule import look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.wanted import equals, show

_ITEM = "Image scanning in Azure Container Registry, ValidatingAdmissionWebhook and third parties"
_TIER = "properties.pricingTier"
_EXTENSIONS = "properties.extensions"
_SCAN = "ContainerRegistriesVulnerabilityAssessments"
_GATING = "properties.securityProfile.defender.securityGating"
_GATE = f"{_GATING}.enabled"
_READERS = f"{_GATING}.identities"
# Defender for Cloud has left Azure China (guidelines.md CLU-04.1).
_CLOUDS = ("AzureCloud", "AzureUSGovernment")


def _is_on(plan: Subject, registry: Subject) -> bool:
    scope = plan.id.scope
    return plan.name.lower() == "containers" and scope is not None and registry.id.is_within(scope)


def _judge_scan(registry: Subject) -> Iterator[Observation]:
    """The plan of Defender for Containers on a registry's subscription scans what it holds."""
    plan = next((plan for plan in registry.all(DEFENDER_PLAN) if _is_on(plan, registry)), None)
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
    hosts = [str(entry.get("azureContainerRegistry")) for entry in cluster.entries(_READERS)]
    read = {host.split(".")[0].lower() for host in hosts}
    missing = [r.label for r in cluster.all(REGISTRY) if r.name.lower() not in read]
    if missing:
        yield cluster.fails(_READERS, f"no identity reads the findings of {', '.join(missing)}")
    elif not hosts:
        yield cluster.fails(_READERS, "no identity reads the findings of any registry")
    else:
        yield cluster.passes(_READERS, f"it reads the findings of {', '.join(hosts)}")


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
        ),
        evidence=(
            "a pod that is refused: `kubectl run probe --image=docker.io/library/nginx:1.27 "
            "--dry-run=server` in a team's namespace"
        ),
        limits=(
            "What lies in a registry of one's own is not judged. Init and ephemeral "
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
        limits="The findings themselves are Defender's.",
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
