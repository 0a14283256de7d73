"""The services in the values of the Helm chart, made from the catalogue."""

from typing import Final

from nexus_actors.errors import NexusError
from nexus_actors.platform import bootstrap
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from nexus_actors.platform.contracts import topic_of
from nexus_actors.platform.loading import has_part

BEGIN: Final = "# Services: made from modules/catalogue.py. Do not change them by hand; run: nexus chart\n"
END: Final = "# End of the services.\n"


class ChartFault(NexusError):
    """Raised when the values of a chart cannot be brought up to date; the message says why and what to do."""


def updated(text: str, catalogue: Catalogue) -> str:
    """The values with the services that the catalogue has now.

    Raises:
        ChartFault: the marks are missing.
        NotLoadable: the contract of a service cannot be read.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ChartFault(f"The values have lost the marks between which services stand. Put back these lines:\n{BEGIN}{END}")
    services = "".join(map(_service, catalogue.built()))
    return f"{before}{BEGIN}services:\n{services}{END}{after}"


def _service(entry: ServiceEntry) -> str:
    lines = [f"  {entry.name}:", f"    port: {entry.port}", f"    partitions: {topic_of(entry).partitions}"]
    if has_part(entry, bootstrap.MODULE):
        lines.append("    sealsKeys: true")
    return "\n".join(lines) + "\n"
