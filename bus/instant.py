"""Points in time, as messages carry them."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Instant = Annotated[datetime, Meta(tz=True)]
"""An instant: RFC 3339 with an offset on the wire. One without a time zone is refused."""
