"""WRK-01: container images: scanning, approved registries and gated deployment.

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
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity, terms
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
_GATING_IDENTITIES = f"{_GATING}.identities"
# Defender for Cloud has left Azure China (guidelines.md CLU-04.1).
_CLOUDS = ("AzureCloud", "AzureUSGovernment")


def _plan_of(registry: Subject) -> Subject | None:
    """Return the plan of Defender for Containers that holds for a registry, the nearest one.

    A plan of a resource goes before that of its subscription.
    """
    # Defender plans can be set on one resource as well as on the subscription, and the nearer one
    # decides.
    plans = [
        (len(scope.text), plan)
        for plan in registry.all(DEFENDER_PLAN)
        if plan.name.lower() == "containers"
        and (scope := plan.id.scope) is not None
        and registry.id.is_within(scope)
    ]
    return max(plans, key=lambda found: found[0])[1] if plans else None


def _judge_scan(registry: Subject) -> Iterator[Observation]:
    """Judge whether the Defender plan on a registry's subscription scans its images."""
    plan = _plan_of(registry)
    if plan is None:
        yield registry.fails(
            "", ("no Defender plan Containers for its subscription is in the environment")
        )
        return
    tier = plan.value(_TIER)
    enabled = {
        str(entry.get("name")).lower()
        for entry in plan.entries(_EXTENSIONS)
        # The string "True" or "False" (guidelines.md §3.6).
        if str(entry.get("isEnabled")).lower() == "true"
    }
    if tier != "Standard":
        yield registry.fails("", f"{plan.label}: {_TIER} is {show(tier)}, expected Standard")
    elif _SCAN.lower() not in enabled:
        yield registry.fails("", f"extension {_SCAN} of {plan.label} is disabled")
    else:
        yield registry.passes("", f"{plan.label} scans its images")


def _judge_gate(cluster: Subject) -> Iterator[Observation]:
    """Judge whether gated deployment is on, and can read the findings of each registry."""
    gate = look(cluster, _GATE, equals(True))
    yield gate
    if cluster.value(_GATE) is not True:
        return
    identities = [entry for entry in cluster.entries(_GATING_IDENTITIES) if _states_identity(entry)]
    # The setting names a login server, the catalog a registry.
    readable = {
        _registry_of_login_server(entry.get("azureContainerRegistry")) for entry in identities
    }
    # Gated deployment reads the findings of a registry as the identity that is listed for it.
    missing = [r.label for r in cluster.all(REGISTRY) if r.name.lower() not in readable]
    if missing:
        yield cluster.fails(
            _GATING_IDENTITIES,
            (f"no identity has access to the vulnerability findings of {', '.join(missing)}"),
        )
    elif not identities:
        yield cluster.fails(
            _GATING_IDENTITIES,
            ("no identity has access to the vulnerability findings of any registry"),
        )
    else:
        hosts = [str(entry.get("azureContainerRegistry")) for entry in identities]
        yield cluster.passes(
            _GATING_IDENTITIES,
            (f"an identity has access to the vulnerability findings of {', '.join(hosts)}"),
        )


def _states_identity(entry: Mapping[str, object]) -> bool:
    return any(not is_empty(lookup(entry, ("identity", key))) for key in _IDENTITY_KEYS)


_IDENTITY_KEYS = ("resourceId", "clientId", "objectId")
_LOGIN_SERVER = re.compile(r"([a-z0-9]+)(-[a-z0-9]+)?\.azurecr\.(io|us|cn)", re.ASCII)
"""The part behind a hyphen is there where the name is for one tenant or group alone
(domainNameLabelScope); names have none."""


def _registry_of_login_server(host: object) -> str | None:
    """Return the name of the registry at a login server, None for any other host."""
    match = _LOGIN_SERVER.fullmatch(str(host).strip().lower())
    return match[1] if match else None


CONTROLS = (
    Control(
        id="WRK-01",
        title="Container images are scanned and come from approved registries",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A container image brings third-party code and its vulnerabilities into the cluster."
        ),
        synonyms=terms("image; container registry; supply chain; image scanning; trusted sources"),
        modes=(),
        mappings=Mappings(cis=("5.1.1",)),
    ),
    Control(
        id="WRK-01.1",
        title="Images in the registry are scanned for vulnerabilities (Defender for Containers)",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Vulnerabilities are published after an image was built. Registry scanning "
            "detects them in deployed and undeployed images."
        ),
        synonyms=terms(
            "image scanning; vulnerability scanning; ACR; CVE; Trivy; Qualys; Twistlock; Aqua; "
            "Defender"
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
        limits="Whether findings are remediated is not visible.",
        mappings=Mappings(
            policies=("090c7b07-b4ed-4561-ad20-e9075f3ccaff",),
            checkov=("CKV_AZURE_163",),
            psrule=("Azure.ACR.ContainerScan", "Azure.ACR.ImageHealth"),
        ),
    ),
    Control(
        id="WRK-01.2",
        title="Only images from approved registries are admitted (allowedContainerImagesRegex)",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Without an allow-list, anyone with permission to deploy can run any public image."
        ),
        synonyms=terms(
            "allowed registries; trusted registry; image allow-list; admission; Gatekeeper; image "
            "policy"
        ),
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
            "`kubectl run probe --image=docker.io/library/nginx:1.27 --dry-run=server` is "
            "denied in a team namespace"
        ),
        limits=(
            "Images in an approved registry are not evaluated, except cache rules for "
            "public registries (cacheRules). Hosts that are not known as public registries "
            "count as private. Coverage of init and ephemeral containers depends on the "
            "policy definition."
        ),
        mappings=Mappings(cis=("5.1.4",), policies=(ALLOWED_IMAGES.guid,)),
    ),
    Control(
        id="WRK-01.3",
        title=(
            "Images with critical vulnerabilities are denied at admission (Defender gated "
            "deployment)"
        ),
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "Without enforcement, images with known critical vulnerabilities are deployed "
            "before anyone reads the finding."
        ),
        synonyms=terms(
            "gated deployment; image admission; vulnerable images; block deployment; "
            "ImagePolicyWebhook; admission; securityGating"
        ),
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
        rules=(
            rule(
                CLUSTER,
                _judge_gate,
                _GATE,
                _GATING_IDENTITIES,
                others={REGISTRY: ()},
                clouds=_CLOUDS,
            ),
        ),
        limits=(
            "The vulnerability findings are in Defender and are not read. Pull permissions "
            "of the identity are checked by WRK-01.5."
        ),
        unmapped="The built-in policies for this are deprecated or audit-only.",
    ),
    Control(
        id="WRK-01.6",
        title="Custom admission rules are ValidatingAdmissionPolicies",
        severity=Severity.HIGH,
        layer=Layer.RUNTIME,
        item=_ITEM,
        rationale=(
            "A ValidatingAdmissionPolicy runs in the API server. A webhook can fail open, "
            "time out or block system pods."
        ),
        synonyms=terms(
            "ValidatingAdmissionPolicy; VAP; CEL; ValidatingAdmissionWebhook; admission webhook; "
            "admission controller; Gatekeeper; Kyverno"
        ),
        remediation=(
            "Write rules as ValidatingAdmissionPolicy with a binding (`azsec manifests` "
            "renders examples). Where a webhook is required, set `failurePolicy: Fail` and "
            "a namespaceSelector that excludes namespaces labelled control-plane."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "review of `kubectl get validatingadmissionpolicybindings,"
            "validatingwebhookconfigurations,mutatingwebhookconfigurations -o yaml`"
        ),
        mappings=Mappings(cis=("4.1.11",)),
    ),
)
