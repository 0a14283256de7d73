import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.address import Endpoint, RedisAddress


def refusal(url: str) -> str:
    with pytest.raises(ValueError, match=r".") as refused:
        RedisAddress.parse(url)
    return str(refused.value)


@pytest.mark.parametrize("url", ["redis://:pw@host:1/3?socket_timeout=2", "rediss://host", "unix:///run/redis.sock?db=1"])
def test_the_url_of_one_server_is_left_to_redis_py(url: str) -> None:
    assert RedisAddress.parse(url) == RedisAddress(kind="single", url=url)


def test_a_cluster_is_a_list_of_nodes_with_the_credentials_of_all() -> None:
    address = RedisAddress.parse("rediss+cluster://app:p%40ss@one:7000,two,[::1]:7002?ssl_ca_certs=ca.pem")
    assert address.kind == "cluster"
    assert address.endpoints == (Endpoint("one", 7000), Endpoint("two", 6379), Endpoint("::1", 7002))
    assert address.url == "rediss://app:p%40ss@one:7000/0?ssl_ca_certs=ca.pem"


def test_sentinels_name_a_master_and_may_have_a_password_of_their_own() -> None:
    address = RedisAddress.parse("redis+sentinel://:pw@s1:26379,s2/main/2?sentinel_password=other&socket_timeout=1")
    assert address.kind == "sentinel"
    assert address.endpoints == (Endpoint("s1", 26379), Endpoint("s2", 26379))
    assert (address.master, address.sentinel_options) == ("main", (("password", "other"),))
    assert address.url == "redis://:pw@s1:26379/2?socket_timeout=1"


def test_a_master_without_a_number_is_its_first_database() -> None:
    assert RedisAddress.parse("redis+sentinel://s1/main").url == "redis://s1:26379/0"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis+cluster://a:1,,b:2", "has the host '' in its list"),
        ("redis+cluster://a:notaport", "has the host 'a:notaport' in its list"),
        ("redis+cluster://a:99999", "has the host 'a:99999' in its list"),
        ("redis+cluster://a:1/4", "a Redis Cluster has database 0 only"),
        ("redis+sentinel://a:1", "names no master"),
        ("redis+sentinel://a:1/main/first", "names database first"),
        ("redis+ring://a:1", "has the scheme redis+ring"),
    ],
)
def test_a_url_that_cannot_work_is_refused_with_what_to_write(url: str, says: str) -> None:
    assert says in refusal(url)


def test_a_refusal_repeats_no_password() -> None:
    assert "hunter22" not in refusal("redis+cluster://app:hunter22@a:1,b:x")


@given(st.lists(st.tuples(st.from_regex(r"[a-z][a-z0-9.-]{0,20}[a-z0-9]", fullmatch=True), st.integers(1, 65_535)), min_size=1))
def test_every_node_of_the_list_is_found_in_its_order(nodes: list[tuple[str, int]]) -> None:
    url = "redis+cluster://" + ",".join(f"{host}:{port}" for host, port in nodes)
    assert list(RedisAddress.parse(url).endpoints) == nodes
