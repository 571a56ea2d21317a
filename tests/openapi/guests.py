"""People who give requests what they need to succeed: a session, a challenge, fields that mean something."""

import base64
from collections import Counter
from itertools import count

from schemathesis.core import NOT_SET
from schemathesis.core.parameters import ParameterLocation

from authcore.audit import session_digest
from authcore.testing import run_sync
from authcore.web import ENDPOINTS
from tests.adapters.people import CAPTCHA, CHALLENGE, ORIGIN, OTHER_PASSWORD, PASSWORD, SESSION

PURPOSE = "pay"
PENDING = {f"/auth{row.path}" for row in ENDPOINTS if row.pending}


def basic(user, password):
    """Return the value of an Authorization header."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Guests:
    """Enrols somebody new for each request; `auth` has the same parts as the one of the application that is asked."""

    auth = None

    @classmethod
    def of(cls, auth):
        """Return the class for one application; it takes no arguments, as schemathesis wants it."""
        return type(cls.__name__, (cls,), {"auth": auth, "_numbers": count(1), "_turns": Counter()})

    def get(self, case, context):
        """Return what the request of a case needs; all of it is new, since most requests use something up."""
        address, token = self._enrolled(is_pending=case.path in PENDING)
        asked, challenge = self._asked(case.path, address, token)
        return {
            "token": token,
            "session": session_digest(self.auth.read_token(token).id),
            "challenge": challenge,
            "captcha": self.auth.open_captcha().token,
            "code": self._code(asked),
            "purpose": PURPOSE,
            "identifier": address,
            "email": self._address(),
            "password": PASSWORD,
            "current_password": PASSWORD,
            "new_password": OTHER_PASSWORD,
        }

    def set(self, case, data, context):
        """Log a case in, and mend what is not spoilt on purpose; of sound bodies only every other, to see refusals."""
        spoilt = {place for place, part in case.meta.components.items() if part.mode.is_negative}
        if self.auth.policy.bearer:
            case.headers["Authorization"] = f"Bearer {data['token']}"
            if ParameterLocation.HEADER not in spoilt:
                case.headers["Captcha-Token"] = data["captcha"]
        else:
            self._set_cookies(case, data, spoilt)
        if not spoilt:
            self._fill(case, data)

    def _set_cookies(self, case, data, spoilt):
        case.cookies = {**case.cookies, SESSION: data["token"]}
        if ParameterLocation.COOKIE not in spoilt:
            case.cookies |= {CHALLENGE: data["challenge"], CAPTCHA: data["captcha"]}
        if ParameterLocation.HEADER not in spoilt:
            case.headers["Origin"] = ORIGIN

    def _fill(self, case, data):
        if case.path.endswith("/login") and case.body is NOT_SET:
            case.headers["Authorization"] = basic(data["identifier"], data["password"])
        elif isinstance(case.body, dict) and self._is_to_succeed(case):
            case.body = {name: data[name] for name in case.body if name in data}

    def _is_to_succeed(self, case):
        self._turns[case.method, case.path] += 1
        return self._turns[case.method, case.path] % 2

    def _registered(self):
        address = self._address()
        return address, run_sync(self.auth.register(email=address, password=PASSWORD)).token

    def _asked(self, path, address, token):
        """Return to whom the code of a challenge went, and the challenge's token."""
        if path.endswith("/two-step/answer"):
            return address, run_sync(self.auth.request_two_step(token=token, purpose=PURPOSE)).token
        if path.endswith("/second-factor/answer"):
            return address, run_sync(self.auth.request_second_factor(token)).token
        if path.endswith("/address/answer"):
            wanted = self._address()
            return wanted, run_sync(
                self.auth.request_address_change(token=token, password=PASSWORD, email=wanted)
            ).token
        if path.endswith("/recovery/answer"):
            return address, run_sync(self.auth.request_recovery(identifier=address)).token
        return self._registered()

    def _enrolled(self, *, is_pending):
        address, challenge = self._registered()
        account = run_sync(self.auth.verify_account(challenge=challenge, code=self._code(address)))
        if is_pending:
            run_sync(self.auth.require_second_factor(account.id))
        return address, run_sync(self.auth.log_in(identifier=address, password=PASSWORD)).token

    def _address(self):
        return f"guest-{next(self._numbers)}@example.org"

    def _code(self, address):
        run_sync(self.auth.deliver_due())
        return self.auth.courier.last_code(address)
