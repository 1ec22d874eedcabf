"""The requests that ARM takes of one principal, shared by processes."""

import multiprocessing
import time

import pytest

from provisioner.azure.token_buckets import (
    DELETES,
    QUERIES,
    READS,
    WRITES,
    Bucket,
    TokenBuckets,
    bucket_of,
    remaining_of,
)

_SMALL = Bucket("small", 3.0, 1.0)
S, OTHER = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_bucket_is_emptied_at_once_and_fills_with_time(tmp_path, clock):
    buckets = TokenBuckets(tmp_path, "p", clock)

    assert [buckets.take(_SMALL, S) for _ in range(5)] == [0.0, 0.0, 0.0, 1.0, 2.0]
    clock.now += 2.0
    assert buckets.take(_SMALL, S) == 1.0
    clock.now += 60.0
    assert [buckets.take(_SMALL, S) for _ in range(4)] == [0.0, 0.0, 0.0, 1.0]


def test_who_shares_a_folder_shares_the_bucket_of_a_principal_and_subscription(tmp_path, clock):
    one, other = TokenBuckets(tmp_path, "p", clock), TokenBuckets(tmp_path, "p", clock)
    stranger = TokenBuckets(tmp_path, "q", clock)
    for _ in range(3):
        one.take(_SMALL, S.upper())

    assert other.take(_SMALL, S) == 1.0
    assert other.take(_SMALL, OTHER) == 0.0
    assert stranger.take(_SMALL, S) == 0.0


def test_what_azure_says_is_left_holds_for_all_and_never_adds(tmp_path, clock):
    one, other = TokenBuckets(tmp_path, "p", clock), TokenBuckets(tmp_path, "p", clock)
    one.learn(_SMALL, S, 16_000.0)
    one.learn(_SMALL, S, -5.0)

    assert other.take(_SMALL, S) == 6.0, "throttled: 5 s, and its own token"
    clock.now += 1_000.0
    assert other.take(_SMALL, S) == 0.0


def test_a_machine_takes_its_share_alone(tmp_path, clock):
    half = TokenBuckets(tmp_path, "p", clock, share=0.5)

    assert [half.take(Bucket("b", 4.0, 2.0), S) for _ in range(4)] == [0.0, 0.0, 1.0, 2.0]


def test_a_machine_with_a_share_waits_as_long_as_azure_says_and_no_longer(tmp_path, clock):
    bucket = Bucket("reads", 4.0, 2.0)
    quarter = TokenBuckets(tmp_path, "p", clock, share=0.25)
    left = remaining_of(429, {"Retry-After": "30"}, bucket, clock())
    quarter.learn(bucket, S, left)

    assert quarter.take(bucket, S) == 32.0, "30 seconds, and 2 for its own token"


def test_the_quota_of_resource_graph_is_read_from_its_own_header():
    assert remaining_of(200, {"x-ms-user-quota-remaining": "3"}, QUERIES, 0.0) == 3.0
    assert remaining_of(200, {"x-ms-user-quota-remaining": "3"}, READS, 0.0) is None


def test_a_file_that_was_cut_is_a_full_bucket(tmp_path, clock):
    TokenBuckets(tmp_path, "p", clock).take(_SMALL, S)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"half")

    assert TokenBuckets(tmp_path, "p", clock).take(_SMALL, S) == 0.0


def _take(folder, count):
    buckets = TokenBuckets(folder, "p", time.time)
    for _ in range(count):
        buckets.take(Bucket("b", 1_000.0, 0.001), S)


def test_no_token_is_taken_twice_by_processes_at_once(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_take, args=(tmp_path, 200)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    left = TokenBuckets(tmp_path, "p", time.time)
    taken = sum(left.take(Bucket("b", 1_000.0, 0.001), S) == 0.0 for _ in range(500))
    assert taken == 400


@pytest.mark.parametrize(
    ("method", "path", "bucket", "subscription"),
    [
        ("GET", f"/subscriptions/{S}/resources?api-version=1", READS, S),
        ("PUT", f"/subscriptions/{S}/resourceGroups/g?api-version=1", WRITES, S),
        ("POST", f"/subscriptions/{S}/providers/x/register?api-version=1", WRITES, S),
        ("DELETE", f"/subscriptions/{S}/resourceGroups/g?api-version=1", DELETES, S),
        ("POST", "/providers/Microsoft.ResourceGraph/resources?api-version=1", QUERIES, ""),
        ("GET", "/tenants?api-version=1", READS, ""),
    ],
)
def test_a_request_takes_from_the_bucket_of_its_kind(method, path, bucket, subscription):
    assert bucket_of(method, f"https://management.example{path}") == (bucket, subscription)


@pytest.mark.parametrize(
    ("status", "headers", "left"),
    [
        (200, {}, None),
        (200, {"x-ms-ratelimit-remaining-subscription-Reads": "7"}, 7.0),
        (200, {"x-ms-ratelimit-remaining-subscription-writes": "7"}, None),
        (200, {"x-ms-ratelimit-remaining-subscription-reads": "many"}, None),
        (429, {"Retry-After": "4"}, -100.0),
        (429, {}, -25.0),
    ],
)
def test_an_answer_says_what_is_left(status, headers, left):
    assert remaining_of(status, headers, READS, 0.0) == left
