"""What PUABO OS keeps account of."""

from bus import Refusal
from modules.puabo_os.contract import Clearance, ClearanceOrdered, OrderClearance
from nexus_actors import Actor, Context, handles


class ClearanceActor(Actor[None], platform=True):
    """One order of an operator about dead letters."""

    @handles
    def order(self, message: OrderClearance, ctx: Context) -> Clearance:
        """Let the order stand, all of it or none."""
        if message.missing:
            named = ", ".join(map(str, message.missing[:3]))
            detail = f"{message.service} has no dead letter {named}. Nothing was dropped; list them to see which there are."
            raise Refusal.not_found("no_dead_letter", detail)
        if not message.keys:
            detail = f"{message.service} has no such dead letters. List them to see which there are."
            raise Refusal.not_found("no_dead_letters", detail)
        ctx.log.info("clearance_ordered", of=message.service, keys=message.keys)
        ctx.publish(ClearanceOrdered(clearance_id=message.clearance_id, service=message.service, keys=message.keys))
        return Clearance(clearance_id=message.clearance_id, service=message.service, keys=message.keys, left=message.left)
