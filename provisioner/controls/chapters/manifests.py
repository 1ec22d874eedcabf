"""MAN: sample manifests of the outline, in their present form.

Facts: guidelines.md §0.3, §1.6 and its field map.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from provisioner.access.effective import Access
from provisioner.access.grants import Grant
from provisioner.catalog import built_in_policies as policies
from provisioner.catalog.built_in_policies import BuiltInPolicy
from provisioner.controls.aks.admission import (
    DENY,
    POLICY_READS,
    RESTRICTED_PODS,
    Demand,
    assign,
    judge_demands,
)
from provisioner.controls.aks.namespace_rules import (
    NAMES_AGENTS,
)
from provisioner.controls.control import (
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.effective_access import (
    ACCESS_READS,
    access_of,
    grants_cluster_access,
    is_in_namespace,
    path_of,
)
from provisioner.controls.exposure.private_endpoints import (
    CONNECTIONS,
    ENDPOINT_READS,
    is_linked,
    judge_outside_connections,
)
from provisioner.controls.predicates import Predicate, equals, holds, is_unset, only
from provisioner.controls.resource_types import (
    CLUSTER,
    NETWORK,
    POSTGRES,
    PRIVATE_ENDPOINT,
    ROLE_DEFINITION,
)
from provisioner.controls.rule import Rule, expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.verdict import Verdict
from provisioner.model.permissions import Permission, grants, is_within, parse_permissions

_RBAC = "properties.aadProfile.enableAzureRBAC"
_PUBLIC = "properties.network.publicNetworkAccess"
_DELEGATED = "properties.network.delegatedSubnetResourceId"


def _role_rule(*actions: str) -> Rule:
    """Return the rule on a custom role: its exact actions, its scopes and its holders.

    It is assigned in namespaces, and whoever has it there has nothing more.
    """
    # Compared as sets in both directions, not as text: ["*/read"] less notDataActions can be the
    # same role, and one action more makes it another.
    exact = (Permission(data_actions=tuple(f"{CLUSTER}/{name}" for name in actions)),)

    def judge(cluster: Subject) -> Iterator[Observation]:
        if cluster.value(_RBAC) is not True:
            return  # Roles of Kubernetes itself do it then.
        roles = list(_roles_of(cluster))
        fitting = [
            role for role, some in roles if is_within(some, exact) and is_within(exact, some)
        ]
        if fitting:
            yield from _judge_role_assignments(cluster, fitting)
            return
        near = [role for role, some in roles if any(_allows_action(some, name) for name in actions)]
        also = f"; {near[0].label} allows other actions" if near else ""
        yield cluster.fails("", f"no custom role allows exactly {', '.join(actions)}{also}")

    return rule(CLUSTER, judge, _RBAC, others=ACCESS_READS)


def _roles_of(cluster: Subject) -> Iterator[tuple[Subject, tuple[Permission, ...]]]:
    """Yield the roles of one's own of which everything is known, with what they allow."""
    for role in cluster.all(ROLE_DEFINITION):
        try:
            yield role, parse_permissions(role.value("properties.permissions"))
        except ValueError:
            # A role whose permissions are known after apply alone, or are malformed, can neither
            # be the one nor exceed it.
            continue


def _allows_action(permissions: tuple[Permission, ...], name: str) -> bool:
    return grants(permissions, f"{CLUSTER}/{name}", data=True)


def _judge_role_assignments(cluster: Subject, roles: list[Subject]) -> Iterator[Observation]:
    names = {role.name.lower() for role in roles}
    access = access_of(cluster)
    assignments = [grant for grant in access.grants if grant.role.id.lower() in names]
    wide = [g for g in assignments if g.scope is None or not is_in_namespace(g.scope)]
    if wide:
        evidence = (
            f"{wide[0].assignment.label} assigns {roles[0].label} on a scope wider than a namespace"
        )
        yield cluster.fails("", evidence)
        return
    excess = [(grant, more) for grant in assignments for more in _grants_beyond(access, grant)]
    for grant, more in excess:
        evidence = f"{more.assignment.label} assigns {more.role.name} to the same principal"
        yield cluster.fails(path_of(more), f"{evidence} as {grant.assignment.label}")
    if not excess:
        assigned = (
            (f"it is assigned on namespaces ({len(assignments)})")
            if assignments
            else "it is not assigned"
        )
        yield cluster.passes("", f"{roles[0].label} allows no other actions; {assigned}")


def _grants_beyond(access: Access, grant: Grant) -> Iterator[Grant]:
    """Yield the other grants of a grant's principal in the same namespace that allow more in it.

    More is what exceeds deploying and reading logs.
    """
    if grant.scope is None:
        return
    for other in access.reaching(grant.scope):
        # Actions of the control plane (reading the cluster, fetching its credentials) give
        # nothing in a namespace.
        data = tuple(replace(p, actions=(), not_actions=()) for p in other.role.permissions or ())
        same = other.principal.id == grant.principal.id
        if same and grants_cluster_access(other) and not is_within(data, _EXPECTED):
            yield other


# There is no data action for patch or deletecollection: create, update and patch are write,
# deletecollection is delete (guidelines.md MAN-01).
_DEPLOY_ACTIONS = ("apps/deployments/read", "apps/deployments/write", "apps/deployments/delete")
# The AKS authorization webhook drops every subresource but pods/exec: pods/log is checked as
# pods/read (guidelines.md §0.3).
_LOG_ACTIONS = ("pods/read",)
_EXPECTED = (
    Permission(data_actions=tuple(f"{CLUSTER}/{n}" for n in (*_DEPLOY_ACTIONS, *_LOG_ACTIONS))),
)


def _judge_postgres(server: Subject) -> Iterator[Observation]:
    """Judge whether a server outside of the network is reached through a private endpoint."""
    # Two exclusive ways to keep a flexible server private: injected into a delegated subnet, or
    # public access off with a private endpoint. An injected server takes no endpoint.
    if server.states(_DELEGATED):
        yield server.passes(
            _DELEGATED, ("it is injected into the virtual network (delegatedSubnetResourceId)")
        )
    elif is_linked(server, "postgresqlServer"):
        yield server.passes("", "a private endpoint is connected to it")
    else:
        yield server.fails("", "no private endpoint in the environment is connected to it")
    yield from judge_outside_connections(server)


def _is_above_zero(value: object) -> bool:
    ranges = value.get("ranges") if isinstance(value, Mapping) else None
    listed = ranges if isinstance(ranges, (list, tuple)) else ()
    lower_bounds = [entry.get("min") for entry in listed if isinstance(entry, Mapping)]
    return bool(lower_bounds) and all(
        isinstance(number, int) and number >= 1 for number in lower_bounds
    )


def _require_policy(policy: BuiltInPolicy, **parameters: Predicate) -> Demand:
    return Demand(policy, {"effect": DENY, **parameters}, for_tenants=True)


_ABOVE_ZERO = Predicate(_is_above_zero, "ranges from 1, without the root group 0")
_CAPABILITIES = {
    # The defaults of the initiative are an empty drop list and 14 allowed capabilities, weaker
    # than Pod Security Admission (guidelines.md WRK-02.2).
    "requiredDropCapabilities": holds("ALL"),
    "allowedCapabilities": only("NET_BIND_SERVICE"),
}
_VOLUMES = only(
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
)  # fmt: skip
_DEMAND_BY_FIELD = {
    "privileged": _require_policy(policies.NO_PRIVILEGED),
    "allowPrivilegeEscalation": _require_policy(policies.NO_ESCALATION),
    "requiredDropCapabilities": _require_policy(policies.CAPABILITIES, **_CAPABILITIES),
    "volumes": _require_policy(policies.VOLUME_TYPES, allowedVolumeTypes=_VOLUMES),
    "hostIPC, hostPID": _require_policy(policies.HOST_NAMESPACES),
    "hostNetwork": _require_policy(
        policies.HOST_NETWORK,
        allowHostNetwork=equals(False),
        maxPort=equals(0),
        allowedHostPorts=is_unset(),
    ),
    # No standard of Kubernetes' own asks for the groups.
    "runAsUser, supplementalGroups, fsGroup": _require_policy(
        policies.USERS_AND_GROUPS,
        runAsUserRule=equals("MustRunAsNonRoot"),
        supplementalGroupsRule=equals("MustRunAs"),
        supplementalGroupsRanges=_ABOVE_ZERO,
        fsGroupRule=equals("MustRunAs"),
        fsGroupRanges=_ABOVE_ZERO,
    ),
    "seccomp": _require_policy(
        policies.SECCOMP, allowedProfiles=only("runtime/default", "docker/default")
    ),
}
"""The fields of the outline's pod security policy, and the policy that asks for each today."""


def _judge_fields(cluster: Subject) -> Iterator[Observation]:
    """Judge whether each field is enforced by the initiative, or by a policy of its own.

    The initiative has all of them: its ranges of groups and its volumes are fixed.
    """
    initiative = judge_demands(cluster, (RESTRICTED_PODS,))
    # One initiative is the usual way; a cluster may instead have an assignment for each field,
    # whose verdicts are then named one by one.
    parts = {field: judge_demands(cluster, (demand,)) for field, demand in _DEMAND_BY_FIELD.items()}
    missing = [field for field, seen in parts.items() if seen.verdict is not Verdict.PASS]
    if initiative.verdict is Verdict.PASS or len(missing) == len(_DEMAND_BY_FIELD):
        yield initiative
    elif not missing:
        yield cluster.passes("", "a policy assignment enforces each field")
    else:
        seen = parts[missing[0]]
        yield Observation(seen.verdict, seen.path, f"{missing[0]}: {seen.evidence}")


CONTROLS = (
    Control(
        id="MAN-01",
        title="A custom role allows managing Deployments only (deployment-manager)",
        severity=Severity.CRITICAL,
        layer=Layer.IDENTITY,
        item="role_deployment_manager.yaml",
        rationale=(
            "The built-in role Azure Kubernetes Service RBAC Writer also allows reading "
            "Secrets and exec into pods."
        ),
        synonyms=terms(
            "deployment manager; custom role; least privilege; CI/CD; deployer; RBAC; Role"
        ),
        remediation="""
            deployer:
              type: Microsoft.Authorization/roleDefinitions
              name: 5b0e1d2c-3f4a-4b5c-8d6e-7f8091a2b3c4
              scope: ${subscription}
              properties:
                roleName: Kubernetes deployment manager
                type: CustomRole
                permissions:
                  - actions: []
                    notActions: []
                    dataActions:
                      - Microsoft.ContainerService/managedClusters/apps/deployments/read
                      - Microsoft.ContainerService/managedClusters/apps/deployments/write
                      - Microsoft.ContainerService/managedClusters/apps/deployments/delete
                    notDataActions: []
                assignableScopes: ["${resourceGroup.id}"]
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(_role_rule(*_DEPLOY_ACTIONS),),
        evidence=(
            "SubjectAccessReviews for a group member: deployments allowed, secrets and "
            "pods/exec denied; or the Role deployment-manager of `azsec manifests`, "
            "without wildcards"
        ),
        limits=("Roles inside the cluster and group members are not read."),
        unmapped="No framework checks the exact actions of a role.",
    ),
    Control(
        id="MAN-02",
        title="A custom role allows reading pod logs only (pod-and-pod-logs-reader)",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item="role_log_reader.yaml",
        rationale=(
            "Logs can contain secrets. A log reader needs no other permission in the namespace."
        ),
        synonyms=terms(
            "log reader; custom role; pods/log; kubectl logs; least privilege; RBAC; Role"
        ),
        remediation="""
            logReader:
              type: Microsoft.Authorization/roleDefinitions
              name: 8e314f5a-627d-4e8f-9a91-a2b3c4d5e6f7
              scope: ${subscription}
              properties:
                roleName: Kubernetes log reader
                type: CustomRole
                permissions:
                  - actions: []
                    notActions: []
                    dataActions: [Microsoft.ContainerService/managedClusters/pods/read]
                    notDataActions: []
                assignableScopes: ["${resourceGroup.id}"]
        """,
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(_role_rule(*_LOG_ACTIONS),),
        evidence=(
            "SubjectAccessReviews for a group member: get pods/log allowed, get secrets "
            "denied; or the Role pod-and-pod-logs-reader of `azsec manifests`"
        ),
        limits=("Roles inside the cluster and group members are not read."),
        unmapped="No framework checks the exact actions of a role.",
    ),
    Control(
        id="MAN-03",
        title="Workload egress is limited to its database through a private endpoint",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item="networkpolicy_securing_egress.yaml",
        rationale=(
            "A rule for the address range of a region allows access to the databases of "
            "all customers in it. A private endpoint is one address of one database."
        ),
        synonyms=terms("PostgreSQL; database; egress; NetworkPolicy; private endpoint; port 5432"),
        remediation="""
            database:
              type: Microsoft.DBforPostgreSQL/flexibleServers
              properties: {network: {publicNetworkAccess: Disabled}}
            endpoint:
              type: Microsoft.Network/privateEndpoints
              properties:
                privateLinkServiceConnections:
                  - name: database
                    properties:
                      privateLinkServiceId: ${database.id}
                      groupIds: [postgresqlServer]
        """,
        modes=(Mode.CLUSTER, Mode.ARM),
        rules=(
            expect(POSTGRES, _PUBLIC, equals("Disabled")),
            rule(
                POSTGRES,
                _judge_postgres,
                _DELEGATED,
                CONNECTIONS,
                others={PRIVATE_ENDPOINT: ENDPOINT_READS, NETWORK: ()},
            ),
        ),
        evidence=(
            "`kubectl get networkpolicies -A -o json` shows the workload's policy with one "
            "rule for DNS to kube-dns and one for port 5432 to the private endpoint's "
            "address"
        ),
        limits=("The workload's NetworkPolicy is visible only in the cluster."),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="MAN-04",
        title="The privileged Pod Security Standard is limited to namespaces of node agents",
        severity=Severity.MEDIUM,
        layer=Layer.RUNTIME,
        item="podsecuritypolicy_privileged.yaml",
        rationale=(
            "Node agents can require privileged access. A namespace without a Pod Security "
            "label allows privileged pods to everyone who can create pods."
        ),
        synonyms=terms(
            "privileged namespaces; PSP; PSA; privileged; DaemonSet; node agents; kube-system"
        ),
        remediation=(
            "Label namespaces of node agents pod-security.kubernetes.io/enforce: "
            "privileged, list them in `privilegedNamespaces` of the environment, and label "
            "all others baseline or restricted."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(NAMES_AGENTS,),
        evidence=(
            "`kubectl get namespaces -L pod-security.kubernetes.io/enforce` shows "
            "privileged or no label only on namespaces of node agents and system namespaces"
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="MAN-05",
        title="Every field of the restricted PodSecurityPolicy is enforced by Azure Policy",
        severity=Severity.CRITICAL,
        layer=Layer.RUNTIME,
        item="podsecuritypolicy_restricted.yaml",
        rationale=(
            "The Pod Security Standards do not restrict supplementalGroups and fsGroup. "
            "Azure Policy does, and also covers namespaces without a label."
        ),
        synonyms=terms(
            "PSP; restricted; Azure Policy; fsGroup; supplementalGroups; runAsUser; "
            "PodSecurityPolicy fields"
        ),
        remediation=assign(
            "restricted",
            policies.RESTRICTED,
            effect="Deny",
            requiredDropCapabilities="[ALL]",
            allowedCapabilities="[NET_BIND_SERVICE]",
        ),
        modes=(Mode.CLUSTER, Mode.ARM),
        rules=(rule(CLUSTER, _judge_fields, others=POLICY_READS),),
        evidence=(
            "`kubectl apply --dry-run=server` denies pods that are privileged, run as "
            "root, use group 0 or a hostPath volume in each team namespace"
        ),
        limits=("Pods created before the policy assignment are not visible."),
        mappings=Mappings(
            policies=(
                policies.RESTRICTED.guid,
                *(demand.policy.guid for demand in _DEMAND_BY_FIELD.values()),
                "e1e6c427-07d9-46ab-9689-bfa85431e636",
                "511f5417-5d12-434d-ab2e-816901e72a5e",
            )
        ),
    ),
)
