"""What accounts are found by, as far as the normal form of an address may change."""

from uuid import UUID

from bus import Refusal
from modules.infrastructure.auth.contract import RenewAddresses
from modules.infrastructure.auth.domain.address import normal_address
from nexus_actors import Actor, Context, handles

SLICE = 200
_FIRST = UUID(int=0)
_READ = r"""
SELECT user_id, email, address FROM accounts WHERE user_id > $1 AND email ~ '[^\x01-\x7f]' ORDER BY user_id LIMIT $2
"""
_WRITE = """
UPDATE accounts a SET address = $2 WHERE user_id = $1
    AND NOT EXISTS (SELECT FROM accounts b WHERE b.tenant = a.tenant AND b.address = $2)
"""


class AddressBookActor(Actor[None], platform=True):
    """Goes through the addresses that are not of ASCII alone."""

    @handles
    async def renew(self, message: RenewAddresses, ctx: Context) -> None:
        """Give accounts the normal form of their address.

        Earlier releases had another one, and a later Unicode may have too. Where two accounts come to one address, the one that
        has it keeps it; the other keeps what it had, until an administrator gives it another address.
        """
        rows = await ctx.db.fetch(_READ, message.after or _FIRST, SLICE)
        for row in rows:
            try:
                address = normal_address(row["email"])
            except Refusal:
                continue  # what was an address once and is none any more stays as it is
            if address != row["address"] and await ctx.db.execute(_WRITE, row["user_id"], address) != "UPDATE 1":
                ctx.log.warning("address_taken", user_id=str(row["user_id"]))
        if len(rows) == SLICE:
            ctx.send(RenewAddresses(ring=message.ring, after=rows[-1]["user_id"]))
