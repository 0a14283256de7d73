"""A worker process of the next release: `python -m tests.faults.next_worker`."""

from functools import partial

import anyio

from tests.faults.next.services import archive, ledger, tally
from tests.faults.worker import main

if __name__ == "__main__":
    anyio.run(partial(main, [ledger, tally, archive]), backend_options={"use_uvloop": True})
