"""`azsec controls list --search`: an auditor finds a control by the words of the field."""

import json

import pytest
from typer.testing import CliRunner

from provisioner.cli.application import app
from provisioner.controls.registry import all_controls
from provisioner.controls.search import near_words, search_controls

SEARCHES = {
    "rbac": ("CLU-03.1", "CLU-03.3", "CLU-03.5"),
    "Kubernetes RBAC": ("CLU-03.1",),
    "etcd": ("WRK-06", "WRK-12"),
    "etcd encryption": ("WRK-06",),
    "secrets encryption": ("WRK-06",),
    "audit logs": ("MON-01", "MON-06", "WRK-05.5"),
    "PSP": ("WRK-10", "WRK-02.1", "CLU-05.5"),
    "pod security standards": ("CLU-05.5", "WRK-02"),
    "image scanning": ("WRK-01.1", "CLU-04.3"),
    "admission webhooks": ("WRK-08", "WRK-01.6"),
    "kubelet": ("CLU-02.7", "ENV-02.2"),
    "defender": ("CLU-04.1", "CLU-04.2", "WRK-01.1"),
    "jump box": ("CLU-02.6",),
    "bastion": ("CLU-02.6",),
    "IMDS": ("ENV-02.6",),
    "egress lockdown": ("ENV-04.1", "PRF-01", "PRF-02"),
    "UDR": ("ENV-04.1",),
    "customer-managed key": ("WRK-06",),
    "purge protection": ("WRK-05.3",),
    "local accounts": ("CLU-01.5",),
    "az aks command invoke": ("CLU-01.4",),
    "private endpoint": ("CLU-01.1", "CLU-11.1", "WRK-05.1", "PRF-07"),
    "WAF": ("ENV-04.4",),
    "flow logs": ("NET-09",),
    "DDoS": ("NET-10",),
    "workload identity": ("ENV-02.3", "WRK-05.4"),
    "service principal": ("ENV-02.1",),
    "default deny": ("WRK-03.2", "CLU-05.4"),
    "privileged containers": ("WRK-02.4",),
    "kubectl exec": ("WRK-02.8",),
    "mTLS": ("CLU-10.2",),
    "autoUpgradeProfile": ("CLU-06.2",),
    "node OS patching": ("CLU-06.3",),
    "CKV_AZURE_6": ("CLU-01.3",),
    "5.4.1": ("CLU-01",),
    "WRK-05.3": ("WRK-05.3",),
}


@pytest.mark.parametrize("text", SEARCHES)
def test_a_search_finds_the_controls_that_an_auditor_means(text: str):
    found = [control.id for control in search_controls(all_controls(), text)]
    assert set(SEARCHES[text]) <= set(found)
    assert len(found) <= 30, "a search that finds everything finds nothing"


def test_every_word_has_to_be_found_in_any_order_and_case():
    found = [c.id for c in search_controls(all_controls(), "LOGS flow")]
    assert found == [c.id for c in search_controls(all_controls(), "flow logs")]
    assert "NET-09" in found
    assert "MON-06" not in found


def test_a_misspelt_word_finds_nothing_and_names_words_like_it():
    assert search_controls(all_controls(), "defendr") == ()
    assert near_words(all_controls(), "defendr")[0] == "defender"


def test_the_command_states_how_many_of_how_many_match():
    shown = CliRunner(env={"COLUMNS": "120"}).invoke(app, ["controls", "list", "--search", "etcd"])
    assert shown.exit_code == 0
    assert "Kubernetes Secrets are encrypted at rest in etcd (KMS)" in shown.output
    assert f"2 of {len(all_controls())} controls match 'etcd'" in shown.output


def test_one_match_is_listed_and_not_shown_whole():
    shown = CliRunner().invoke(app, ["controls", "list", "--search", "secrets encryption"])
    assert "1 of" in shown.output
    assert "Remediation" not in shown.output


def test_no_match_is_a_sentence_with_similar_words_and_no_error():
    shown = CliRunner().invoke(app, ["controls", "list", "--search", "defendr"])
    assert shown.exit_code == 0
    assert f"none of {len(all_controls())} controls matches 'defendr'" in shown.output
    assert "Similar words: defender" in shown.output


def test_json_has_the_search_and_how_many_controls_were_searched():
    shown = CliRunner().invoke(app, ["controls", "list", "--search", "defendr", "-o", "json"])
    document = json.loads(shown.output)
    assert document["controls"] == []
    assert (document["search"], document["total"]) == ("defendr", len(all_controls()))
    assert document["near"][0] == "defender"


def test_show_states_the_synonyms_of_a_control():
    shown = CliRunner().invoke(app, ["controls", "show", "WRK-06"])
    assert "synonyms" in shown.output
    assert "etcd encryption" in shown.output
