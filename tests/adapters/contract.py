"""The HTTP contract: what every adapter does, over every store.  Its laws stand in `laws`, by theme."""

from tests.adapters import stores
from tests.adapters.laws.addresses import Addresses
from tests.adapters.laws.bearer import BearerTokens
from tests.adapters.laws.bodies import Bodies
from tests.adapters.laws.captchas import Captchas
from tests.adapters.laws.confirming import Confirming
from tests.adapters.laws.cookies import Cookies
from tests.adapters.laws.devices import Devices
from tests.adapters.laws.faults import Faults
from tests.adapters.laws.guards import Guards
from tests.adapters.laws.isolation import Isolation
from tests.adapters.laws.journeys import Journeys
from tests.adapters.laws.neutrality import Neutrality
from tests.adapters.laws.origins import Origins
from tests.adapters.laws.reauthentication import Reauthentication
from tests.adapters.laws.recalled import Recalled
from tests.adapters.laws.recovery import Recovery
from tests.adapters.laws.refusals import Refusals
from tests.adapters.laws.rotation import Rotation
from tests.adapters.laws.second_factor import SecondFactor
from tests.adapters.laws.secrets import Secrets
from tests.adapters.laws.statuses import Statuses
from tests.adapters.laws.throttles import Throttles
from tests.adapters.laws.tokens import Tokens


class OverStores(
    Journeys,
    Captchas,
    Throttles,
    Tokens,
    Neutrality,
    Recovery,
    Isolation,
    Faults,
    Rotation,
    SecondFactor,
    Addresses,
    Devices,
    Secrets,
):
    """The laws that a store could break."""

    adapter = None
    kinds = stores.KINDS


class HttpContract(
    OverStores,
    Statuses,
    Cookies,
    Confirming,
    Origins,
    Bodies,
    BearerTokens,
    Guards,
    Recalled,
    Refusals,
    Reauthentication,
):
    """All laws; inherited by one class for each adapter, which names its own: a host of `hosts`."""
