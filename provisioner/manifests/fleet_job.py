"""The objects of an Indexed Job that runs a command over a fleet, one shard for each index.

Every pod runs the same command line with its own `--shard`. A pod that is lost, or that leaves
environments unanswered, is restarted, and continues with those that have no answer in the ledger.

Sources: kubernetes.io, "Jobs" (completion mode, backoff limit per index, pod failure policy) and
"Pod Security Standards" (restricted); learn.microsoft.com, "Microsoft Entra Workload ID with AKS"
(label and annotations). `cli/fleet_manifest.py` calls it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.manifests.manifest import Object

FIRST_VERSION = (1, 33)
"""The first version of Kubernetes in which `backoffLimitPerIndex` of Jobs is stable."""

_LABELS = {"app.kubernetes.io/name": "azsec-fleet"}
_CONTAINER = "azsec"
_CACHE = "/var/cache/azsec"
_ATTEMPTS = 3
_SECONDS_AFTER = 86_400
_SECONDS_TO_START = 600


@dataclass(frozen=True, slots=True)
class FleetJob:
    """A Job that runs `azsec fleet` with these arguments, in so many pods.

    `name` is that of the Job or CronJob, `ledger` the URL of a blob container, and `image` is named
    by its digest. `client_id` and `tenant_id` are those of the identity that the service account
    signs in as; None: the account is there already. `schedule` makes a CronJob of it. `seconds` is
    the time that a pod has at most.
    """

    name: str
    arguments: Sequence[str]
    ledger: str
    image: str
    namespace: str
    service_account: str
    pods: int
    seconds: float
    client_id: str | None = None
    tenant_id: str | None = None
    schedule: str | None = None
    creates_namespace: bool = False


def render_fleet_job(job: FleetJob) -> Iterator[Object]:
    """Yield the objects of a Job, in the order in which they are to be made."""
    if job.creates_namespace:
        modes = ("enforce", "audit", "warn")
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in modes}
        yield {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": job.namespace, "labels": {**_LABELS, **labels}},
        }
    if job.client_id is not None:
        yield _service_account(job)
    yield _network_policy(job)
    spec = _job_spec(job)
    if job.schedule is None:
        yield _object_body(job, "batch/v1", "Job", job.name, {"spec": spec})
        return
    schedule = {
        "schedule": job.schedule,
        "timeZone": "Etc/UTC",
        # With Forbid a running job finishes first: no environment is processed twice at a time.
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "jobTemplate": {"metadata": {"labels": dict(_LABELS)}, "spec": spec},
    }
    yield _object_body(job, "batch/v1", "CronJob", job.name, {"spec": schedule})


def _object_body(
    job: FleetJob, api: str, kind: str, name: str, content: Object, **metadata: object
) -> Object:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": job.namespace,
            "labels": dict(_LABELS),
            **metadata,
        },
        **content,
    }


def _service_account(job: FleetJob) -> Object:
    identity = {"azure.workload.identity/client-id": job.client_id}
    if job.tenant_id is not None:
        identity["azure.workload.identity/tenant-id"] = job.tenant_id
    content = {"automountServiceAccountToken": False}
    return _object_body(
        job, "v1", "ServiceAccount", job.service_account, content, annotations=identity
    )


def _network_policy(job: FleetJob) -> Object:
    """Return the policy that denies ingress, and allows egress to TLS servers and to DNS only."""
    ports = [_port_entry("TCP", 443), _port_entry("UDP", 53), _port_entry("TCP", 53)]
    spec = {
        "podSelector": {"matchLabels": dict(_LABELS)},
        "policyTypes": ["Ingress", "Egress"],
        "egress": [{"ports": ports}],
    }
    return _object_body(job, "networking.k8s.io/v1", "NetworkPolicy", "azsec-fleet", {"spec": spec})


def _port_entry(protocol: str, number: int) -> Mapping[str, object]:
    return {"protocol": protocol, "port": number}


def _job_spec(job: FleetJob) -> Object:
    return {
        "completionMode": "Indexed",
        "completions": job.pods,
        "parallelism": job.pods,
        # A failed index does not stop the others, so `maxFailedIndexes` is not set.
        "backoffLimitPerIndex": _ATTEMPTS - 1,
        "activeDeadlineSeconds": int(_ATTEMPTS * job.seconds) + _SECONDS_TO_START,
        "ttlSecondsAfterFinished": _SECONDS_AFTER,
        "podFailurePolicy": {
            "rules": [
                {
                    # An eviction or a lost node does not count as an attempt.
                    "action": "Ignore",
                    "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
                },
            ]
        },
        "template": {
            "metadata": {"labels": {**_LABELS, "azure.workload.identity/use": "true"}},
            "spec": _pod_spec(job),
        },
    }


def _pod_spec(job: FleetJob) -> Object:
    return {
        "serviceAccountName": job.service_account,
        # The webhook of workload identity mounts the token for Entra; none for the API server is
        # needed.
        "automountServiceAccountToken": False,
        # Otherwise the addresses of all services of the namespace are variables of the container.
        "enableServiceLinks": False,
        "hostUsers": False,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "supplementalGroups": [10001],
            "supplementalGroupsPolicy": "Strict",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container_spec(job)],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
            {"name": "cache", "emptyDir": {"sizeLimit": "1Gi"}},
        ],
    }


def _container_spec(job: FleetJob) -> Object:
    own = ["--ledger", job.ledger, "--run", "$(AZSEC_RUN)"]
    shard = ["--shard", f"$(JOB_COMPLETION_INDEX)/{job.pods}"]
    command, *rest = job.arguments
    # Kubernetes expands `$(NAME)` in args; `$$(NAME)` is the text itself ("Define a Command and
    # Arguments").
    given = [each.replace("$(", "$$(") for each in rest]
    return {
        "name": _CONTAINER,
        "image": job.image,
        "imagePullPolicy": "Always",
        "command": ["azsec"],
        "args": ["fleet", command, *own, *shard, *given],
        "env": [
            {
                # The Job controller sets this label on its pods, and a CronJob names each Job anew.
                "name": "AZSEC_RUN",
                "valueFrom": {
                    "fieldRef": {"fieldPath": "metadata.labels['batch.kubernetes.io/job-name']"}
                },
            },
            {"name": "AZSEC_CACHE", "value": _CACHE},
            {"name": "HOME", "value": "/tmp"},
        ],
        "resources": {
            "requests": {"cpu": "500m", "memory": "512Mi", "ephemeral-storage": "256Mi"},
            "limits": {"cpu": "2", "memory": "2Gi", "ephemeral-storage": "2Gi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "cache", "mountPath": _CACHE},
        ],
    }
