"""`Auth`: all use cases together, and delivery.  Each family of flows has a module of its own beside this one."""

from dataclasses import dataclass
from functools import cached_property

from authcore.auth.accounts import Accounts
from authcore.auth.addresses import Addresses
from authcore.auth.audit_trail import AuditTrail
from authcore.auth.bootstrap import Bootstrap
from authcore.auth.captchas import Captchas
from authcore.auth.external_identities import ExternalIdentities
from authcore.auth.housekeeping import Purging
from authcore.auth.imports import Imports
from authcore.auth.listings import Listings
from authcore.auth.logins import Logins
from authcore.auth.personal_data import PersonalData
from authcore.auth.recognition import Recognition
from authcore.auth.recovery import Recovery
from authcore.auth.registration import Registration
from authcore.auth.role_assignment import RoleAssignment
from authcore.auth.second_factor import SecondFactor
from authcore.auth.session_control import SessionControl
from authcore.auth.two_step import TwoStep
from authcore.delivery import Delivery

__all__ = ["Auth"]


@dataclass(frozen=True, kw_only=True)
class Auth(
    Registration,
    Logins,
    Recognition,
    SecondFactor,
    TwoStep,
    Recovery,
    Captchas,
    SessionControl,
    Addresses,
    Accounts,
    ExternalIdentities,
    RoleAssignment,
    Bootstrap,
    Imports,
    Listings,
    AuditTrail,
    PersonalData,
    Purging,
):
    """Everything an application does with accounts and sessions.

    The application builds one and hands it on; there is no global one.  Under an event loop pass it through
    `authcore.offload.on_event_loop` (adapters do), so that neither hash nor captcha
    holds up the loop.

    Every method may raise what its docstring names, and besides that Contention and Overloaded, with nothing stored,
    and StoreFault, which raised from a commit leaves open whether it took place.
    """

    async def deliver_due(self, *, limit: int = 100) -> int:
        """Send what waits in the outbox, up to `limit` messages of each queue, and return how many were sent."""
        return await self._delivery.deliver_due(limit=limit)

    @cached_property
    def _delivery(self) -> Delivery:
        return Delivery(flows=self._flows, courier=self.courier, keyring=self.keyring, policy=self.policy)
