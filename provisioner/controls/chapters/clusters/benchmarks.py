"""CLU-07: benchmarks of a cluster.

Facts: guidelines.md §1.2; kube-bench, `cfg/aks-1.8`.
"""

from provisioner.catalog.built_in_policies import CIS_BENCHMARK
from provisioner.controls.aks.admission import Demand, assign, policy_rule
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.predicates import differs

CONTROLS = (
    Control(
        id="CLU-07",
        title="The cluster is measured by the CIS benchmark",
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item="Evaluation of security benchmarks like KubeBench / CIS",
        rationale=(
            "A benchmark finds what nobody thought of. Azure Policy sees what is asked of the "
            "cluster, a job on the nodes what is on them."
        ),
        remediation=assign("benchmark", CIS_BENCHMARK),
        modes=(Mode.CLUSTER, Mode.ARM),
        rules=(policy_rule(Demand(CIS_BENCHMARK, {"effect": differs("Disabled")})),),
        evidence=(
            "the report of the kube-bench job with the benchmark aks-1.8: `azsec manifests` "
            "renders it, `kubectl logs job/kube-bench` shows it"
        ),
        limits=("A benchmark that is assigned and that nobody reads is not told from one that is."),
        mappings=Mappings(
            policies=(CIS_BENCHMARK.guid,),
            cis=(
                *(f"3.1.{number}" for number in range(1, 5)),
                *(f"3.2.{number}" for number in range(1, 10)),
            ),
        ),
    ),
)
