"""Bringing due messages to the courier.  What is due and what comes of a sending is decided in `outbox`."""

import logging
from dataclasses import dataclass

from authcore import outbox
from authcore.challenges import Challenged
from authcore.codes import CODE_KEY
from authcore.decisions import Decision, accept
from authcore.entities import Message, MessageState
from authcore.errors import DeliveryFault
from authcore.flows import Flows, Work
from authcore.keyring import Keyring
from authcore.letters import letter_of
from authcore.lookups import challenged
from authcore.policy import Policy
from authcore.ports import Courier, by_id, by_owner

__all__ = ["Delivery"]

_log = logging.getLogger("authcore.delivery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Sends what waits in the outbox.

    A message is leased by a commit before it is sent, so that of many deliverers one sends it; a second sending happens
    only where the outcome of the first is unknown (the process died, or the courier failed without saying how).
    """

    flows: Flows
    courier: Courier
    keyring: Keyring
    policy: Policy

    async def deliver_due(self, *, limit: int) -> int:
        """Try up to `limit` messages of each queue that are due, and return how many were sent."""
        sent = 0
        for queue in outbox.queues(self.policy):
            # Read outside any flow: who sees an old queue only fails to get the lease.
            for message in await self.flows.store.find(by_owner(Message, queue, limit=limit)):
                if outbox.is_due(message, now=self.flows.clock.now()):
                    sent += await self._deliver(message.id)
        return sent

    async def _deliver(self, message_id: str) -> bool:
        held = await self.flows.run(lambda work: self._lease(work, message_id))
        if held is None:
            return False
        state = await self._send(held)
        if state is not None:
            await self.flows.run(lambda work: self._settle(work, held, state))
        return state is MessageState.SENT

    async def _lease(self, work: Work, message_id: str) -> Decision[Message | None]:
        return outbox.lease(await work.get(by_id(Message, message_id)), now=work.now, policy=self.policy)

    async def _send(self, held: Message) -> MessageState | None:
        """Return what came of it, or None if nobody knows."""
        asked = Challenged() if held.session_id is None else await challenged(self.flows.store, held.session_id)
        key = None if asked.challenge is None else self.keyring.derive(asked.challenge.code_key, CODE_KEY)
        letter = letter_of(held, asked, key=key, now=self.flows.clock.now(), policy=self.policy)
        if letter is None:
            return MessageState.DISCARDED
        try:
            await self.courier.send(letter)
        except DeliveryFault:
            _log.warning("message %s was not sent, attempt %d", held.id, held.attempts)
            return MessageState.FAILED
        except Exception as error:  # noqa: BLE001  whatever a courier raises, the other messages must go out
            # Its text stays out of the log: couriers put addresses, and whole letters, into it.
            _log.error("message %s: %s, attempt %d", held.id, type(error).__name__, held.attempts)
            return None
        return MessageState.SENT

    async def _settle(self, work: Work, held: Message, state: MessageState) -> Decision[None]:
        """Write what came of a sending, unless somebody else holds the message now, or has discarded it."""
        message = await work.get(by_id(Message, held.id))
        if message is None or message.attempts != held.attempts or message.state is not MessageState.SENDING:
            return accept(None)
        if state is MessageState.FAILED:
            return accept(None, [outbox.failed(message, now=work.now, policy=self.policy)])
        return accept(None, [outbox.finished(message, state, now=work.now)])
