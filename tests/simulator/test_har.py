"""The requests of a built-in Azure as HAR: what was sent and answered, without tokens."""

import json
import stat

from provisioner.simulator.har import HarRecorder
from tests.simulator.setting import Setting

NET = "Contoso.Fabric/nets/n"
BODY = {"location": "westeurope", "properties": {"range": "10.0.0.0/16"}}


def test_requests_are_written_with_their_answers_and_no_token(here: Setting, tmp_path):
    recorder = HarRecorder(tmp_path / "requests.har")
    here.azure.observe(recorder.record)
    here.call("PUT", NET, BODY)
    here.call("GET", f"{NET}?api-version=2026-01-01&$expand=x")
    recorder.close()

    path = tmp_path / "requests.har"
    log = json.loads(path.read_text(encoding="utf-8"))["log"]
    put = log["entries"][0]
    assert (log["version"], len(log["entries"])) == ("1.2", 2)
    assert put["request"]["method"] == "PUT"
    assert put["request"]["url"].startswith(here.azure.endpoint)
    assert json.loads(put["request"]["postData"]["text"])["location"] == "westeurope"
    assert put["response"]["status"] == 201
    assert json.loads(put["response"]["content"]["text"])["name"] == "n"
    headers = {h["name"].lower(): h["value"] for h in put["request"]["headers"]}
    assert headers["authorization"] == "(hidden)"
    assert put["time"] >= 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
