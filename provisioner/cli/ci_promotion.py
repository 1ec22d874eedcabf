"""The order of promotion where each environment is applied by a job of its own.

The statuses of the other jobs show what was applied. `cli.ci_apply` calls it.
"""

from collections.abc import Mapping

from provisioner.cli.ci_environments import list_environments, name_of, read_stages, select_touched
from provisioner.cli.workspace import FileSources, load_catalog
from provisioner.documents.ci import OtherJobDocument
from provisioner.engine.forge_port import Status
from provisioner.workflow.apply_statuses import describe_others


def find_unapplied(
    names: frozenset[str], statuses: Mapping[str, Status], base: str, commit: str
) -> Mapping[str, OtherJobDocument]:
    """Return which of `names` have to wait, each with an unapplied environment of an earlier stage.

    `names` are the environments of this job. An earlier stage of promotion.yaml blocks where the
    change from `base` to `commit` touches an environment of it that no job applied, by its newest
    status. Empty without a promotion.yaml. Raises DiagnosticError for an invalid one.
    """
    paths = {name_of(path, FileSources()): path for path in list_environments()}
    stages = read_stages(list(paths)) or ()
    found: dict[str, OtherJobDocument] = {}
    earlier: list[str] = []
    for stage in stages:
        waiting = _first_unapplied(earlier, paths, statuses, base, commit) if earlier else None
        if waiting is not None:
            found |= {name: waiting for name in stage if name in names}
        earlier += [name for name in stage if name not in names]
    listed = {name for stage in stages for name in stage}
    last = _first_unapplied(earlier, paths, statuses, base, commit) if earlier else None
    if last is not None:
        # Environments that are in no stage are applied after all stages.
        found |= {name: last for name in names - listed}
    return found


def _first_unapplied(
    earlier: list[str],
    paths: Mapping[str, str],
    statuses: Mapping[str, Status],
    base: str,
    commit: str,
) -> OtherJobDocument | None:
    stated = {one.name: one for one in describe_others(statuses, ())}
    for name in earlier:
        if name in stated:
            if not stated[name].is_done:
                return stated[name]
        elif _is_touched(paths[name], base, commit):
            return OtherJobDocument(name=name, digest=None, told="no plan", went_well=False)
    return None


def _is_touched(path: str, base: str, commit: str) -> bool:
    return bool(select_touched([path], base, commit, load_catalog(), all_named=True).touched)
