"""What PUABO NEXUS demonstrates; see `nexus_actors.demo`."""

from collections.abc import Mapping

from modules.puabo_nexus.demo.fleet import FleetDemo
from nexus_actors.demo import Demo

demos: Mapping[str, Demo] = {"fleet": FleetDemo()}
