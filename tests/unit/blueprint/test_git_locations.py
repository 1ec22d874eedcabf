"""Locations in git: what of a URL has a case."""

from provisioner.blueprint.source_locations import parse_git


def test_a_host_has_no_case_and_the_user_and_the_path_do() -> None:
    location = parse_git(
        "git::SSH://APKAEXAMPLE@Git-CodeCommit.example.com/v1/Repos//a.yaml?ref=v1"
    )
    assert location.repository == "ssh://APKAEXAMPLE@git-codecommit.example.com/v1/Repos"
    location = parse_git("git::https://Git.Example.com:8443/Org/repo//a.yaml?ref=v1")
    assert location.repository == "https://git.example.com:8443/Org/repo"
