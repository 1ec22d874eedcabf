"""The server that the other tests talk to is a real one, of the version that they name."""

from tests.cluster.api_server import ApiServer


def test_each_version_that_can_be_built_answers_with_its_version(each_server: ApiServer) -> None:
    told = each_server.get("/version")
    assert f"{told['major']}.{told['minor']}" == each_server.minor


def test_a_wipe_leaves_nothing_of_a_test(server: ApiServer) -> None:
    server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "left"}})
    server.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "left", "namespace": "left"},
        }
    )
    server.wipe()
    assert server.request("GET", "/api/v1/namespaces/left").status_code == 404
    assert server.request("GET", "/api/v1/namespaces/left/configmaps/left").status_code == 404


def test_who_has_no_role_is_refused(server: ApiServer) -> None:
    assert server.request("GET", "/api/v1/secrets", person="nobody").status_code == 403
