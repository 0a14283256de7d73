"""The catalogue and its services, found by name."""

import pytest

from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from nexus_actors.platform.loading import NotLoadable, has_part, load_catalogue, load_part, load_service, parts_beside

CATALOGUE = load_catalogue()


def entry(package: str | None) -> ServiceEntry:
    return ServiceEntry(name="x-ms", title="X", module=None, port=1, package=package, layer="business")


def test_every_built_service_loads() -> None:
    for known in CATALOGUE.built():
        assert load_service(known).entry == known


@pytest.mark.parametrize(
    "reference", ["modules.nowhere:CATALOGUE", "modules.catalogue:NOTHING", "modules.catalogue", "bus:Topic"]
)
def test_what_is_no_catalogue_is_told(reference: str) -> None:
    with pytest.raises(NotLoadable):
        load_catalogue(reference)


@pytest.mark.parametrize("package", [None, "modules.nowhere", "modules.puabo_nexus.fleet"])
def test_what_is_not_that_service_is_told(package: str | None) -> None:
    with pytest.raises(NotLoadable):
        load_service(entry(package))


def test_parts_are_optional() -> None:
    fleet = CATALOGUE.named("fleet-service")
    assert has_part(fleet, "contract")
    assert not has_part(fleet, "nonsense")
    assert load_part(fleet, "nonsense") is None
    assert load_part(entry(None), "contract") is None


def test_what_modules_have_beside_their_services_is_no_service_of_that_name() -> None:
    assert [part.__name__ for part in parts_beside(CATALOGUE, "demo")] == ["modules.puabo_nexus.demo"]
    service = entry("modules.puabo_nexus.demo")
    assert list(parts_beside(Catalogue(services=(service,), modules=()), "demo")) == []
