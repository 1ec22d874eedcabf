"""Who a lock says holds it: never a secret, whatever stands in the variables of a CI system."""

import pytest

from provisioner.workflow.lock import name_holder

GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "contoso/platform",
    "GITHUB_RUN_ID": "42",
    "GITHUB_TOKEN": "ghs_secret",
}
AZURE = {
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/contoso/",
    "SYSTEM_TEAMPROJECT": "platform",
    "BUILD_BUILDID": "7",
    "SYSTEM_ACCESSTOKEN": "secret",
}
GITLAB = {"CI_JOB_URL": "https://gitlab.com/contoso/platform/-/jobs/9", "CI_JOB_TOKEN": "secret"}


@pytest.mark.parametrize(
    ("environ", "holder"),
    [
        pytest.param({}, "ada@dev", id="a person"),
        pytest.param(
            GITHUB, "https://github.com/contoso/platform/actions/runs/42", id="GitHub Actions"
        ),
        pytest.param(
            AZURE, "https://dev.azure.com/contoso/platform/_build/7", id="Azure Pipelines"
        ),
        pytest.param(GITLAB, "https://gitlab.com/contoso/platform/-/jobs/9", id="GitLab CI"),
        pytest.param({"GITHUB_RUN_ID": "42"}, "ada@dev", id="a run without its address"),
        pytest.param({**GITHUB, "GITHUB_RUN_ID": "x"}, "ada@dev", id="a run without a number"),
        pytest.param(
            {"CI_JOB_URL": "https://ci:hunter2@gitlab.com/x/-/jobs/9?token=hunter2#hunter2"},
            "https://gitlab.com/x/-/jobs/9",
            id="an address with credentials",
        ),
        pytest.param({"CI_JOB_URL": "file:///etc/passwd"}, "ada@dev", id="no web address"),
    ],
)
def test_a_holder_is_named_by_its_run_or_by_user_and_host(
    environ: dict[str, str], holder: str
) -> None:
    named = name_holder("ada", "dev", environ)

    assert named == holder
    assert "secret" not in named
    assert "hunter2" not in named
