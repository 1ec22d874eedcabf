from provisioner.model.key_index import KeyIndex, keys_above

GROUP = "/subscriptions/s/resourcegroups/g"
NETWORK = f"{GROUP}/providers/microsoft.network/virtualnetworks/v"
KEYS = [f"{NETWORK}/subnets/b", f"{NETWORK}-2", NETWORK, f"{NETWORK}/subnets/a", f"{GROUP}-2"]


def test_what_stands_below_a_key_is_found_and_nothing_that_merely_begins_like_it() -> None:
    index = KeyIndex(KEYS)
    assert list(index.within(NETWORK)) == [NETWORK, KEYS[3], KEYS[0]]
    assert list(index.within(GROUP)) == [NETWORK, f"{NETWORK}-2", KEYS[3], KEYS[0]]
    assert list(index.within(f"{NETWORK}/subnets")) == [KEYS[3], KEYS[0]]


def test_a_key_is_covered_by_itself_and_by_all_that_it_stands_in() -> None:
    index = KeyIndex([NETWORK])
    assert index.covers(NETWORK)
    assert index.covers(f"{NETWORK}/subnets/a/providers/microsoft.authorization/locks/l")
    assert not index.covers(GROUP)
    assert not index.covers(f"{NETWORK}-2")


def test_a_key_that_is_added_later_is_in_its_place_once() -> None:
    index = KeyIndex(KEYS)
    index.add(f"{NETWORK}/subnets/aa")
    index.add(f"{NETWORK}/subnets/aa")
    assert list(index.within(NETWORK)) == [NETWORK, KEYS[3], f"{NETWORK}/subnets/aa", KEYS[0]]


def test_the_keys_above_one_come_nearest_first() -> None:
    assert list(keys_above("/subscriptions/s/resourcegroups/g")) == [
        "/subscriptions/s/resourcegroups",
        "/subscriptions/s",
        "/subscriptions",
    ]
