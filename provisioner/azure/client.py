"""Client of Azure Resource Manager: generic GET, PUT, DELETE and POST for every resource type.

Bodies are JSON, not SDK models, so that a type of the catalog needs no code here. A write returns
once its long-running operation has ended and a GET shows the resource at rest.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode

from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import RequestIdPolicy, UserAgentPolicy
from azure.core.polling import LROPoller
from azure.core.polling.base_polling import OperationFailed
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.policies import ARMHttpLoggingPolicy

from provisioner import __version__
from provisioner.azure.cloud import Cloud
from provisioner.azure.creation import GuardedCreate
from provisioner.azure.credential import SharedToken
from provisioner.azure.errors import (
    CONNECTION,
    CREDENTIAL,
    is_absent,
    is_unregistered,
    read_error,
    unexpected_error,
)
from provisioner.azure.operation import OperationPolling, body_of, encode_body
from provisioner.azure.paging import PageLimit, follow_pages, name_resource
from provisioner.azure.pipeline import (
    BudgetPolicy,
    EndpointPolicy,
    RequestCount,
    StampPolicy,
    TokenPolicy,
)
from provisioner.azure.policy_token import PolicyTokenPolicy
from provisioner.azure.retry import (
    Attempts,
    ClientHistory,
    RetryBudget,
    find_retry_limits,
)
from provisioner.azure.settlement import Settlement, is_doubt
from provisioner.azure.token_buckets import BucketPolicy, TokenBuckets
from provisioner.azure.transport import open_transport
from provisioner.engine.ports import Creation, Refresh
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body
from provisioner.plan.reads import Answer, Read
from provisioner.preflight.azure_queries import AzureQuery, Reply

DEFAULT_BUDGET = RetryBudget()
_GRANT_KIND = "/roleassignments"
_PATH_CHARACTERS = "/:@!$&'()*+,;=-._~"
_OK = 200
_NO_CONTENT = 204
_SYNCHRONOUS = frozenset({200, 201})
_ACCEPTED = frozenset({200, 201, 202, 204})


class ArmClient:
    """Reads, queries and writes Azure Resource Manager: all ports of `engine.ports`.

    Safe to use from several threads. Use it as a context manager, so that its connections and
    threads end with it.
    """

    def __init__(
        self,
        cloud: Cloud,
        client: ARMPipelineClient[HttpRequest, HttpResponse],
        threads: ThreadPoolExecutor,
        retry: RetryBudget,
        known: ClientHistory,
        time_source: tuple[Callable[[float], object], Callable[[], float]],
    ) -> None:
        self._cloud = cloud
        self._client = client
        self._threads = threads
        self._retry = retry
        self._known = known
        self._sleep, self._clock = time_source
        self._settlement = Settlement(self._get_object, cloud.poll_interval, *time_source)

    @staticmethod
    def open(  # noqa: PLR0913  one keyword an option, each with a default
        cloud: Cloud,
        credential: TokenCredential,
        *,
        parallelism: int = 16,
        retry: RetryBudget = DEFAULT_BUDGET,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.time,
        stamp: Callable[[], str] | None = None,
        buckets: TokenBuckets | None = None,
    ) -> "ArmClient":
        """Return a client of `cloud` that keeps up to `parallelism` requests in flight.

        `stamp` returns the correlation id of a write (a GUID); without it Azure generates one.
        `buckets` are the token buckets that this process shares with others.

        `clock` gives seconds since the epoch. `sleep` None is a sleep that closing the client
        ends, so that an interrupted command does not wait for it. Nothing is sent yet.
        """
        known = ClientHistory()
        time_source = (sleep or known.closed.wait, clock)
        tokens = (
            credential if isinstance(credential, SharedToken) else SharedToken(credential, clock)
        )
        # The pipeline of every azure-mgmt client. Such a client itself would import its models and
        # operations, which takes 40 ms, and copy each request.
        client: ARMPipelineClient[HttpRequest, HttpResponse] = ARMPipelineClient(
            base_url=cloud.resource_manager,
            transport=open_transport(cloud, parallelism),
            policies=[
                RequestIdPolicy(),
                *([StampPolicy(stamp)] if stamp is not None else []),
                UserAgentPolicy(base_user_agent=f"azsec/{__version__}"),
                EndpointPolicy(cloud),
                BudgetPolicy(cloud, retry, known, time_source),
                *([BucketPolicy(buckets, *time_source)] if buckets is not None else []),
                PolicyTokenPolicy(),
                TokenPolicy(tokens, cloud.scope),
                ARMHttpLoggingPolicy(),
            ],
        )
        threads = ThreadPoolExecutor(parallelism, thread_name_prefix="arm-read")
        return ArmClient(cloud, client, threads, retry, known, time_source)

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
        return tuple(self._threads.map(self._answer_read, reads))

    def ask(self, inquiries: Sequence[AzureQuery]) -> Sequence[Reply]:
        """Answer all of `inquiries`, in their order, in parallel. A refusal is a reply.

        Raises AzureError only where nothing can be asked: no credential, or no endpoint.
        """
        return tuple(self._threads.map(self._reply_to_inquiry, inquiries))

    def put(
        self,
        resource: ResourceId,
        api_version: str,
        body: Body,
        if_match: str | None,
        on_status: Callable[[str], None],
        mode: Creation | Refresh | None = None,
    ) -> Body:
        """Create or update a resource; return its settled body.

        `body` is sent unchanged. `if_match` is an ETag: Azure refuses with 412 if the resource has
        another one. With a Creation the write may only create: AzureError `ResourceAppeared` where
        the resource exists. `on_status` may be called from another thread than the caller's. A
        Creation whose body nothing reads ends with the success of its operation, and returns what
        the operation answered. Raises AzureError.
        """
        url = self._url_of(resource.text, api_version)
        headers = {"Content-Type": "application/json", **_etag_headers(if_match)}
        creation = mode if isinstance(mode, Creation) else None
        query = mode.query if isinstance(mode, Refresh) else None
        target = self._url_of(resource.text, api_version, query)
        request = HttpRequest("PUT", target, content=encode_body(body), headers=headers)
        if creation is None:
            settled, doubt = self._write_and_follow(request, if_match is None, on_status)
        else:
            guarded = GuardedCreate(resource, creation, lambda: self._find_resource(url))
            settled, doubt = guarded.send(
                request, lambda sent: self._write_and_follow(sent, True, on_status, guarded)
            )
        is_resource = _is_resource(settled, resource)
        if doubt is None and not is_resource and creation is not None and not creation.is_read:
            settled = {}
        elif doubt is not None or not is_resource:
            settled = self._settlement.find_written(url, doubt)
        settled = self._settlement.await_rest(url, settled, on_status)
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
        """Delete a resource; one that does not exist counts as deleted.

        It is deleted once a GET returns 404, whatever the DELETE and its operation answered: some
        services report success before the resource is gone.

        Raises:
            AzureError: for a refusal, and where the resource stays (`NotDeleted`).
        """
        url = self._url_of(resource.text, api_version)
        request = HttpRequest("DELETE", url, headers=_etag_headers(if_match))
        doubt = None
        try:
            _, doubt = self._write_and_follow(request, if_match is None, on_status)
        except AzureError as error:
            if not is_absent(error):
                raise
        self._settlement.await_gone(url, doubt, on_status)

    def request(self, method: str, path: str, api_version: str, body: Body | None = None) -> Body:
        """Send one synchronous request; return the object in the answer, {} for no body.

        Without `body` nothing is sent as content. Raises AzureError.
        """
        url = self._url_of(path, api_version)
        if body is None:
            return body_of(self._client.send_request(HttpRequest(method, url)))
        headers = {"Content-Type": "application/json"}
        request = HttpRequest(method, url, content=encode_body(body), headers=headers)
        return body_of(self._client.send_request(request))

    def _answer_read(self, read: Read) -> Answer:
        tally = RequestCount()
        try:
            pages = self._fetch_pages(read, partial(self._get_object, tally=tally))
            items = tuple(name_resource(body, read.path) for body in pages)
        except AzureError as error:
            if error.code in (CONNECTION, CREDENTIAL):
                raise
            refused = None if is_absent(error) or is_unregistered(error) else error
            return Answer(read, refused=refused, calls=tally.calls)
        return Answer(read, items, calls=tally.calls)

    def _reply_to_inquiry(self, inquiry: AzureQuery) -> Reply:
        tally = RequestCount()
        fetch = PageLimit(partial(self._get_object, tally=tally), inquiry.most_pages)
        try:
            items = tuple(self._inquiry_items(inquiry, fetch, tally))
        except AzureError as error:
            if error.code in (CONNECTION, CREDENTIAL):
                raise
            return Reply(inquiry, refused=error, calls=tally.calls)
        return Reply(inquiry, items, calls=tally.calls, is_partial=fetch.reached)

    def _inquiry_items(
        self, inquiry: AzureQuery, fetch: PageLimit, tally: RequestCount
    ) -> Iterator[Body]:
        query = dict(inquiry.query)
        if inquiry.body is None:
            read = Read(inquiry.path, inquiry.api_version, "", inquiry.is_list, query)
            yield from self._fetch_pages(read, fetch)
            return
        request = HttpRequest(
            inquiry.method,
            self._url_of(inquiry.path, inquiry.api_version, query),
            content=inquiry.body,
            headers={"Content-Type": "application/json"},
        )
        yield body_of(self._client.send_request(request, tally=tally))

    def _fetch_pages(self, read: Read, fetch: Callable[[str], Body | None]) -> Iterator[Body]:
        """Yield the items of every page, or the one object. Raises AzureError."""
        url = self._url_of(read.path, read.api_version, read.query)
        if read.is_list:
            yield from follow_pages(url, read.path, fetch, self._cloud.bounds)
            return
        found = fetch(url)
        if found is not None:
            yield found

    def _get_object(self, url: str, tally: RequestCount | None = None) -> Body | None:
        """Return the JSON object at `url`, None for 204.

        Raises AzureError for a refusal, and for 200 without a body, which must not look like an
        absent resource.
        """
        response = self._client.send_request(HttpRequest("GET", url), tally=tally)
        if response.status_code == _NO_CONTENT:
            return None
        if response.status_code != _OK or not response.content:
            content = "with" if response.content else "without"
            raise unexpected_error(
                response.status_code, f"HTTP {response.status_code} {content} a body to a GET"
            )
        return body_of(response)

    def _find_resource(self, url: str) -> Body | None:
        """Return the resource at `url`, or None where it does not exist.

        Raises:
            AzureError: for every other refusal.
        """
        try:
            return self._get_object(url)
        except AzureError as error:
            if is_absent(error):
                return None
            raise

    def _write_and_follow(
        self,
        request: HttpRequest,
        repeatable: bool,
        on_status: Callable[[str], None],
        guarded: GuardedCreate | None = None,
    ) -> tuple[Body, AzureError | None]:
        """Send a write and follow its operation; return the body of the last answer.

        The second value is the error for which the operation could not be followed, or None. The
        retries of a refused request are in the pipeline. An operation that was accepted and then
        failed for a transient reason is sent again here, within a budget of its own, unless
        If-Match guards it: the failed operation may have changed the ETag.

        Raises:
            AzureError: for a refusal, and for an operation that failed.
        """
        attempts = Attempts(self._retry, self._clock)
        while True:
            try:
                return self._run_operation(request, on_status, guarded)
            except AzureError as error:
                failed_later = 200 <= error.status < 300
                if not (repeatable and failed_later):
                    raise
                if guarded is not None:
                    # The write was accepted: what exists now is its own.
                    guarded.release(request)
                patience = find_retry_limits(error, True, self._known, self._clock())
                pause = attempts.next_pause(patience, None)
                if pause is None:
                    raise replace(error, message=error.message + attempts.account) from error
                self._sleep(pause)

    def _run_operation(
        self,
        request: HttpRequest,
        on_status: Callable[[str], None],
        guarded: GuardedCreate | None,
    ) -> tuple[Body, AzureError | None]:
        first: Any = self._client.send_request(
            request,
            _return_pipeline_response=True,
            before_retry=guarded.check_again if guarded else None,
        )
        status = first.http_response.status_code
        if status not in _ACCEPTED:
            raise unexpected_error(status, f"HTTP {status} to a {request.method}")
        if guarded is not None:
            guarded.check_answer(status)
        if request.method == "PUT" and status in _SYNCHRONOUS:
            _check_written(first.http_response)
        polling = OperationPolling(
            self._cloud.poll_interval,
            self._sleep,
            self._clock,
            on_status,
            reads_result=guarded is None or guarded.is_read,
        )
        # A first answer that cannot be read raises here: the write counts as refused.
        poller: LROPoller[Body] = LROPoller(self._client, first, _resource_of, polling)
        try:
            return poller.result() or {}, None
        except HttpResponseError as failure:
            answer = polling.last_answer
            error = read_error(answer.status_code, answer.headers, answer.content)
            if isinstance(failure.__cause__, OperationFailed):
                raise error from failure
            return {}, error
        except AzureError as error:
            if not is_doubt(error):
                raise
            return {}, error

    def _url_of(self, path: str, api_version: str, query: Mapping[str, str] | None = None) -> str:
        parameters = urlencode({"api-version": api_version, **(query or {})})
        return f"{self._cloud.resource_manager}{quote(path, safe=_PATH_CHARACTERS)}?{parameters}"


def _etag_headers(if_match: str | None) -> dict[str, str]:
    return {"If-Match": if_match} if if_match else {}


def _check_written(response: HttpResponse) -> None:
    """Check that a 200 or 201 to a PUT holds the resource or names an operation.

    Otherwise a GET afterwards would show what existed before as if it were written. Raises
    AzureError `UnexpectedAnswer`.
    """
    if response.headers.get("Azure-AsyncOperation", "").strip():
        return
    if parse_resource_id(body_of(response).get("id")) is None:
        what = f"HTTP {response.status_code} to a PUT, without the resource"
        raise unexpected_error(response.status_code, what)


def _resource_of(response: PipelineResponse[Any, Any]) -> Body:
    return body_of(response.http_response)


def _is_resource(body: Body, resource: ResourceId) -> bool:
    """Return whether a write's last answer is the resource, and not an operation's status."""
    answered = body.get("id")
    named = isinstance(answered, str) and answered.lower().endswith(f"/{resource.name.lower()}")
    return named and "status" not in body
