"""CLU-07: CIS AKS Benchmark (kube-bench) of a cluster.

Facts: guidelines.md §1.2; kube-bench, `cfg/aks-1.8`.
"""

from provisioner.catalog.built_in_policies import CIS_BENCHMARK
from provisioner.controls.aks.admission import Demand, assign, policy_rule
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity, terms
from provisioner.controls.predicates import differs

CONTROLS = (
    Control(
        id="CLU-07",
        title="The cluster is evaluated against the CIS AKS Benchmark",
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item="Evaluation of security benchmarks like KubeBench / CIS",
        rationale=(
            "A benchmark covers settings that are not in the design. Azure Policy "
            "evaluates the cluster's resources; kube-bench evaluates files and flags on "
            "the nodes."
        ),
        synonyms=terms("CIS; kube-bench; benchmark; compliance; regulatory compliance"),
        remediation=assign("benchmark", CIS_BENCHMARK),
        modes=(Mode.CLUSTER, Mode.ARM),
        rules=(policy_rule(Demand(CIS_BENCHMARK, {"effect": differs("Disabled")})),),
        evidence=(
            "report of the kube-bench job with benchmark aks-1.8: `azsec manifests` "
            "renders the job, `kubectl logs job/kube-bench` prints the report"
        ),
        limits=("Whether the results of an assigned benchmark are reviewed is not checked."),
        mappings=Mappings(
            policies=(CIS_BENCHMARK.guid,),
            cis=(
                *(f"3.1.{number}" for number in range(1, 5)),
                *(f"3.2.{number}" for number in range(1, 10)),
            ),
        ),
    ),
)
