"""The one list of the services, modules and ports of Nexus COS.

It takes over the architecture diagram of the platform: 25 services, of which two (tokens, schedules) are infrastructure and
23 belong to the 13 modules: PUABO OS, the core, and twelve modules of the business. A service without a package is not built;
it is listed, and nothing pretends to be it.

`nexus scaffold` adds to it by files in the folder ``additions``, and leaves the list alone.
"""

from pathlib import Path
from typing import Final

from nexus_actors.platform.catalogue import Catalogue, Layer, ModuleEntry, ServiceEntry
from nexus_actors.platform.catalogue_additions import extended, read_additions

ADDITIONS: Final = Path(__file__).parent / "additions"


def _service(
    name: str,
    title: str,
    port: int,
    module: str | None,
    *,
    package: str | None = None,
    layer: Layer = "business",
) -> ServiceEntry:
    return ServiceEntry(name=name, title=title, port=port, module=module, package=package, layer=layer)


def _module(title: str, subtitle: str) -> ModuleEntry:
    return ModuleEntry(title=title, subtitle=subtitle)


EXTENSIONS: Final = _module("Extensions", "Services Beyond the Diagram")
"""The module of services that belong to no other."""

DIAGRAM: Final = Catalogue(
    modules=(
        _module("PUABO OS", "Core Orchestration"),
        _module("PUABO NEXUS", "AI-Powered Fleet Management"),
        _module("PUABOverse", "Metaverse Platform"),
        _module("PUABO DSP", "Digital Service Provider"),
        _module("MusicChain", "Blockchain Music Platform"),
        _module("PUABO BLAC", "Alternative Finance Platform"),
        _module("PUABO Studio", "Browser-Based Recording Studio"),
        _module("V-Suite", "Virtual Production Suite"),
        _module("StreamCore", "Core Streaming Engine"),
        _module("GameCore", "Gaming Platform"),
        _module("Nexus Studio AI", "AI-Powered Content Creation"),
        _module("PUABO NUKI Clothing", "Fashion Platform"),
        _module("PUABO OTT TV Streaming", "OTT Platform"),
    ),
    services=(
        _service("auth-ms", "Auth MS", 3100, None, package="modules.infrastructure.auth", layer="infrastructure"),
        _service("scheduler-ms", "Scheduler MS", 3101, None, layer="infrastructure"),
        _service("puabo-os", "PUABO OS v2.0.0", 8000, "PUABO OS", package="modules.puabo_os", layer="core"),
        _service("fleet-service", "Fleet Service", 8080, "PUABO NEXUS", package="modules.puabo_nexus.fleet"),
        _service("tracker-ms", "Tracker MS", 8081, "PUABO NEXUS", package="modules.puabo_nexus.tracker"),
        _service("location-ms", "Location MS", 8082, "PUABO NEXUS", package="modules.puabo_nexus.location"),
        _service("world-engine-ms", "World Engine", 8090, "PUABOverse"),
        _service("avatar-ms", "Avatar MS", 8091, "PUABOverse"),
        _service("dsp-api", "DSP API", 9000, "PUABO DSP"),
        _service("musicchain-ms", "MusicChain MS", 9001, "MusicChain"),
        _service("blac-api", "BLAC API", 9100, "PUABO BLAC"),
        _service("wallet-ms", "Wallet MS", 9101, "PUABO BLAC"),
        _service("studio-api", "Studio API", 9200, "PUABO Studio"),
        _service("mixer-ms", "Mixer MS", 9201, "PUABO Studio"),
        _service("mastering-ms", "Mastering MS", 9202, "PUABO Studio"),
        _service("v-screen-ms", "V-Screen", 3010, "V-Suite"),
        _service("v-caster-ms", "V-Caster Pro", 3011, "V-Suite"),
        _service("v-stage-ms", "V-Stage", 3012, "V-Suite"),
        _service("v-prompter-ms", "V-Prompter Pro", 3002, "V-Suite"),
        _service("streamcore-ms", "StreamCore MS", 3016, "StreamCore"),
        _service("chat-stream-ms", "Chat Stream MS", 3017, "StreamCore"),
        _service("gamecore-ms", "GameCore MS", 3020, "GameCore"),
        _service("nexus-ai-ms", "Nexus AI MS", 3030, "Nexus Studio AI"),
        _service("fashion-api", "Fashion API", 9300, "PUABO NUKI Clothing"),
        _service("ott-api", "OTT API", 9400, "PUABO OTT TV Streaming"),
    ),
)
"""What the architecture diagram shows."""

CATALOGUE: Final = extended(DIAGRAM, read_additions(ADDITIONS), modules=[EXTENSIONS])
"""All services: those of the diagram, and those that were added."""


def entry(name: str) -> ServiceEntry:
    """The entry of a service by its name.

    Raises:
        LookupError: there is no such service.
    """
    return CATALOGUE.named(name)
