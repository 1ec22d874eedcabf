"""The client of Azure Resource Manager: one HTTP path for every type, JSON in and JSON out."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import Any, cast
from urllib.parse import quote, urlencode

import requests
from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import RequestIdPolicy, UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.polling import LROPoller
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy, ARMHttpLoggingPolicy
from azure.mgmt.resource.resources import ResourceManagementClient
from requests.adapters import HTTPAdapter

from provisioner import __version__
from provisioner.azure.cloud import Cloud
from provisioner.azure.errors import CONNECTION, CREDENTIAL, UNEXPECTED, is_absent, read_error
from provisioner.azure.operation import (
    OPERATION_SECONDS,
    OperationPolling,
    is_failed,
    is_transitional,
    provisioning_state,
    timed_out,
)
from provisioner.azure.pipeline import BudgetPolicy, EndpointPolicy, Tally
from provisioner.azure.retry import (
    Attempts,
    Circumstances,
    RetryBudget,
    find_patience,
)
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json
from provisioner.plan.reads import Answer, Read
from provisioner.preflight.inquiry import Inquiry, Reply

DEFAULT_BUDGET = RetryBudget()
_CONNECT_SECONDS = 10
_READ_SECONDS = 120
_ANY_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
_GRANT_KIND = "/roleassignments"
_PATH_CHARACTERS = "/:@!$&'()*+,;=-._~"


class ArmClient:
    """Reads, asks and writes Azure Resource Manager: all ports of `engine.ports`.

    Safe to use from several threads. Use it as a context manager, so that its connections and
    threads end with it.
    """

    def __init__(
        self,
        cloud: Cloud,
        client: ResourceManagementClient,
        threads: ThreadPoolExecutor,
        retry: RetryBudget,
        known: Circumstances,
        time_source: tuple[Callable[[float], object], Callable[[], float]],
    ) -> None:
        self._cloud = cloud
        self._client = client
        self._threads = threads
        self._retry = retry
        self._known = known
        self._sleep, self._clock = time_source

    @staticmethod
    def open(
        cloud: Cloud,
        credential: TokenCredential,
        *,
        parallelism: int = 16,
        retry: RetryBudget = DEFAULT_BUDGET,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> "ArmClient":
        """Return a client of `cloud` that keeps up to `parallelism` requests in flight.

        `clock` gives seconds since the epoch. `sleep` None is a sleep that closing the client
        ends, so that an interrupted command does not wait for it. Nothing is sent yet.
        """
        known = Circumstances()
        sleep = sleep or known.closed.wait
        client = ResourceManagementClient(
            credential,
            # Ids carry their own subscription: the SDK wants one and never uses it here.
            _ANY_SUBSCRIPTION,
            base_url=cloud.resource_manager,
            credential_scopes=[cloud.scope],
            transport=_open_transport(cloud, parallelism),
            policies=[
                RequestIdPolicy(),
                UserAgentPolicy(base_user_agent=f"azsec/{__version__}"),
                EndpointPolicy(cloud),
                BudgetPolicy(cloud, retry, known, sleep, clock),
                ARMChallengeAuthenticationPolicy(credential, cloud.scope),
                ARMHttpLoggingPolicy(),
            ],
        )
        threads = ThreadPoolExecutor(parallelism, thread_name_prefix="arm-read")
        return ArmClient(cloud, client, threads, retry, known, (sleep, clock))

    def __enter__(self) -> "ArmClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._known.closed.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def read(self, reads: Sequence[Read]) -> Sequence[Answer]:
        """Answer all of `reads`, in their order, in parallel. A refusal is an answer.

        Raises AzureError only where nothing can be read: no credential, or no endpoint.
        """
        return tuple(self._threads.map(self._answer, reads))

    def ask(self, inquiries: Sequence[Inquiry]) -> Sequence[Reply]:
        """Answer all of `inquiries`, in their order, in parallel. A refusal is a reply.

        Raises AzureError only where nothing can be asked: no credential, or no endpoint.
        """
        return tuple(self._threads.map(self._reply, inquiries))

    def put(
        self,
        resource: ResourceId,
        api_version: str,
        body: Body,
        if_match: str | None,
        on_status: Callable[[str], None],
    ) -> Body:
        """Create or update a resource; return its settled body. Raises AzureError.

        `body` is sent as it is. `if_match` is an ETag: Azure refuses with 412 if it has moved.
        `on_status` may be called from another thread than the caller's.
        """
        url = self._url(resource.text, api_version)
        headers = {"Content-Type": "application/json", **_guard(if_match)}
        request = HttpRequest("PUT", url, content=_encode(body), headers=headers)
        settled = self._write(request, if_match is None, on_status)
        if not _is_resource(settled, resource):
            settled = self._get(url)
        settled = self._settle(url, settled, on_status)
        if resource.type.lower().endswith(_GRANT_KIND):
            self._known.granted_at = self._clock()
        return settled

    def delete(
        self,
        resource: ResourceId,
        api_version: str,
        if_match: str | None,
        on_status: Callable[[str], None],
    ) -> None:
        """Delete a resource; one that is gone already is deleted. Raises AzureError."""
        url = self._url(resource.text, api_version)
        request = HttpRequest("DELETE", url, headers=_guard(if_match))
        try:
            self._write(request, if_match is None, on_status)
        except AzureError as error:
            if not is_absent(error):
                raise

    def _answer(self, read: Read) -> Answer:
        tally = Tally()
        try:
            items = tuple(self._pages(read, tally))
        except AzureError as error:
            if error.code in (CONNECTION, CREDENTIAL):
                raise
            refused = None if is_absent(error) else error
            return Answer(read, refused=refused, calls=tally.calls)
        return Answer(read, items, calls=tally.calls)

    def _reply(self, inquiry: Inquiry) -> Reply:
        tally = Tally()
        try:
            items = tuple(self._items(inquiry, tally))
        except AzureError as error:
            if error.code in (CONNECTION, CREDENTIAL):
                raise
            return Reply(inquiry, refused=error, calls=tally.calls)
        return Reply(inquiry, items, calls=tally.calls)

    def _items(self, inquiry: Inquiry, tally: Tally) -> Iterator[Body]:
        query = dict(inquiry.query)
        if inquiry.body is None:
            read = Read(inquiry.path, inquiry.api_version, "", inquiry.is_list, query)
            yield from self._pages(read, tally)
            return
        request = HttpRequest(
            inquiry.method,
            self._url(inquiry.path, inquiry.api_version, query),
            content=inquiry.body,
            headers={"Content-Type": "application/json"},
        )
        yield _body_of(self._client.send_request(request, tally=tally))

    def _pages(self, read: Read, tally: Tally) -> Iterator[Body]:
        """Yield the items of every page. Raises AzureError for an answer that is no list."""
        url: str | None = self._url(read.path, read.api_version, read.query)
        seen: set[str] = set()
        while url is not None:
            if url in seen:
                raise _unexpected(200, f"the page link of {read.path} leads back to itself")
            seen.add(url)
            page = self._get(url, tally)
            if not read.is_list:
                yield from (page,) if page else ()
                return
            items = page.get("value", None if page else ())
            if not isinstance(items, (list, tuple)):
                raise _unexpected(200, f"the list {read.path} has no `value`")
            yield from cast(Sequence[Body], items)
            link = page.get("nextLink")
            url = link if isinstance(link, str) and link else None

    def _get(self, url: str, tally: Tally | None = None) -> Body:
        """Return the JSON object at `url`; {} where Azure answers without a body."""
        return _body_of(self._client.send_request(HttpRequest("GET", url), tally=tally))

    def _write(
        self, request: HttpRequest, repeatable: bool, on_status: Callable[[str], None]
    ) -> Body:
        """Send a write and follow it to its end; return what the last answer held.

        A request that is refused has had its retries in the pipeline. An operation that was
        accepted and then failed for a transient reason is sent again here, within a budget of its
        own, unless If-Match guards it: the failure may have moved the ETag.
        """
        attempts = Attempts(self._retry, self._clock)
        while True:
            try:
                return self._operate(request, on_status)
            except AzureError as error:
                failed_later = 200 <= error.status < 300
                if not (repeatable and failed_later):
                    raise
                patience = find_patience(error, True, self._known, self._clock())
                pause = attempts.next_pause(patience, None)
                if pause is None:
                    raise replace(error, message=error.message + attempts.account) from error
                self._sleep(pause)

    def _operate(self, request: HttpRequest, on_status: Callable[[str], None]) -> Body:
        first = self._client.send_request(request, _return_pipeline_response=True)
        polling = OperationPolling(self._cloud.poll_interval, self._sleep, self._clock, on_status)
        try:
            poller: LROPoller[Body] = LROPoller(self._client, first, _resource_of, polling)
            return poller.result() or {}
        except HttpResponseError as failure:
            answer = polling.last_answer
            error = read_error(answer.status_code, answer.headers, answer.content)
            raise error from failure

    def _settle(self, url: str, body: Body, on_status: Callable[[str], None]) -> Body:
        """Return the body once the resource's own state is at rest: the operation may end before.

        Raises AzureError where that state is a failure.
        """
        deadline = self._clock() + OPERATION_SECONDS
        while is_transitional(body):
            state = provisioning_state(body) or ""
            on_status(state)
            if self._clock() > deadline:
                raise timed_out(state)
            self._sleep(self._cloud.poll_interval)
            body = self._get(url)
        if is_failed(body):
            raise read_error(200, {}, json.dumps(body))
        return body

    def _url(self, path: str, api_version: str, query: Mapping[str, str] | None = None) -> str:
        parameters = urlencode({"api-version": api_version, **(query or {})})
        return f"{self._cloud.resource_manager}{quote(path, safe=_PATH_CHARACTERS)}?{parameters}"


def _open_transport(cloud: Cloud, parallelism: int) -> RequestsTransport:
    """Return a transport whose pool holds a connection for each request in flight."""
    session = requests.Session()
    # A proxy of the environment cannot reach this machine's loopback.
    session.trust_env = not cloud.is_local
    # With an auth of its own a session does not look for a password for the host in ~/.netrc,
    # which would replace the token.
    session.auth = _keep_token
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=parallelism, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return RequestsTransport(
        session=session, connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS
    )


def _keep_token(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _guard(if_match: str | None) -> dict[str, str]:
    return {"If-Match": if_match} if if_match else {}


def _encode(body: Body) -> bytes:
    """Return the JSON text of a body, whatever kinds of read-only mapping and sequence it has."""
    return json.dumps(body, default=_plain).encode()


def _plain(value: object) -> Json:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"a body cannot hold a {type(value).__name__}")


def _resource_of(response: PipelineResponse[Any, Any]) -> Body:
    return _body_of(response.http_response)


def _body_of(response: HttpResponse) -> Body:
    if not response.content:
        return {}
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise read_error(response.status_code, response.headers, response.content)
    return body


def _is_resource(body: Body, resource: ResourceId) -> bool:
    """Tell whether a write's last answer is the resource: an operation's status is not."""
    answered = body.get("id")
    named = isinstance(answered, str) and answered.lower().endswith(f"/{resource.name.lower()}")
    return named and "status" not in body


def _unexpected(status: int, what: str) -> AzureError:
    return AzureError(status, UNEXPECTED, f"{what}. Azure Resource Manager does not answer so.")
