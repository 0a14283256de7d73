"""What PUABO OS owns on the bus. It observes the platform and passes requests on; no command is its own yet."""

from bus import Topic

OS = Topic("puabo-os", partitions=1)

READ = "os:read"
OPERATE = "os:operate"
