"""The rules of a catalogue, on small ones."""

import msgspec
import pytest

from nexus_actors.platform.catalogue import Catalogue, ModuleEntry, ServiceEntry

BAKERY = ModuleEntry(title="Bakery", subtitle="Bread")
OVEN = ServiceEntry(name="oven-ms", title="Oven MS", module="Bakery", port=4000, package="bakery.oven", layer="business")
SHOP = ServiceEntry(name="shop-ms", title="Shop MS", module="Bakery", port=4001, package=None, layer="business")


def catalogue(*services: ServiceEntry) -> Catalogue:
    return Catalogue(services=services, modules=(BAKERY,))


def test_finds_services_by_name_port_and_module() -> None:
    both = catalogue(OVEN, SHOP)

    assert both.named("shop-ms") is SHOP
    assert both.at_port(4000) is OVEN
    assert both.at_port(4002) is None
    assert both.of_module("Bakery") == (OVEN, SHOP)
    assert both.of_module("Butchery") == ()


def test_built_services_are_those_with_a_package() -> None:
    assert catalogue(SHOP, OVEN).built() == (OVEN,)
    assert OVEN.is_built
    assert not SHOP.is_built


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(LookupError, match=r"no service 'mill-ms'.*oven-ms, shop-ms"):
        catalogue(OVEN, SHOP).named("mill-ms")


@pytest.mark.parametrize(
    ("twin", "complaint"),
    [
        (msgspec.structs.replace(SHOP, name="oven-ms"), "service name 'oven-ms'"),
        (msgspec.structs.replace(SHOP, port=4000), "port 4000"),
        (msgspec.structs.replace(SHOP, package="bakery.oven"), "package 'bakery.oven'"),
    ],
)
def test_what_must_be_unique_is(twin: ServiceEntry, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        catalogue(OVEN, twin)


def test_two_services_may_both_be_unbuilt() -> None:
    other = msgspec.structs.replace(OVEN, package=None)

    assert catalogue(other, SHOP).built() == ()


def test_a_module_is_listed_once() -> None:
    with pytest.raises(ValueError, match="module title 'Bakery'"):
        Catalogue(services=(), modules=(BAKERY, BAKERY))


def test_a_service_of_an_unlisted_module_is_refused() -> None:
    with pytest.raises(ValueError, match="'Butchery', which is not listed"):
        catalogue(msgspec.structs.replace(OVEN, module="Butchery"))


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_is_a_tcp_port(port: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 65535"):
        catalogue(msgspec.structs.replace(OVEN, port=port))
