import pytest

from nexus_actors.documents.interface import Interface, interfaces_of
from nexus_actors.platform.loading import load_catalogue
from tests.nexus_actors.documents.asyncapi_validator import Validator, install, validate


@pytest.fixture(scope="session")
def interfaces() -> list[Interface]:
    """What all built services show."""
    return interfaces_of(load_catalogue())


@pytest.fixture(scope="session")
def validate_asyncapi() -> Validator:
    """Says what @asyncapi/parser finds in the AsyncAPI documents of a folder, by file name. Its first use installs it."""
    install()
    return validate
