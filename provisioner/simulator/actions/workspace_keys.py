"""Shared keys of a Log Analytics workspace ("Shared Keys - Get Shared Keys", "- Regenerate").

Both keys are regenerated at once.
"""

from provisioner.simulator.actions.fake_keys import invented_key, regenerate_key
from provisioner.simulator.actions.targets import find_target
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_NAMES = ("primarySharedKey", "secondarySharedKey")
_BYTES = 64


def get_shared_keys(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the invented keys."""
    return _answer_keys(cloud, find_target(cloud, request))


def regenerate_shared_keys(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer the keys, regenerated."""
    row = find_target(cloud, request)
    for name in _NAMES:
        regenerate_key(cloud, row, name)
    return _answer_keys(cloud, row)


def _answer_keys(cloud: Cloud, row: Record) -> Answer:
    return Answer(200, {name: invented_key(cloud, row, name, _BYTES).text for name in _NAMES})
