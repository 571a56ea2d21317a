"""One process of a crowd: it waits for a word, starts its tasks at once, and tells what came of each."""

import asyncio
import json
import sys
from contextvars import ContextVar
from datetime import timedelta

from authcore import FirstAdministrator, SystemEntropy
from authcore.errors import AuthcoreError, Conflict
from authcore.ports import Housekeeping, Store
from authcore.testing import Mailbox, build_auth
from authcore_redis import RedisStore
from authcore_sqlalchemy import SqliteStore, SqlStore
from tests.flows.people import NEW_PASSWORD, PASSWORD, QuickHasher
from tests.races.crowd import TASKS, ShiftedClock, policy_of

LOST = ContextVar("lost")
PATIENCE = timedelta(seconds=60)
CONNECTIONS = 8


class CountingStore(Store, Housekeeping):
    """Counts the races that each task loses."""

    def __init__(self, store):
        """Stand before a store."""
        self._store = store

    async def find(self, key, /):
        """Find there."""
        return await self._store.find(key)

    async def caller(self, session_id, /):
        """Read there."""
        return await self._store.caller(session_id)

    async def commit(self, writes, unchanged=()):
        """Commit there, and count."""
        await self.remove((), writes, unchanged)

    async def remove(self, removed, writes=(), unchanged=()):
        """Remove there, and count."""
        try:
            if removed:
                await self._store.remove(removed, writes, unchanged)
            else:
                await self._store.commit(writes, unchanged)
        except Conflict:
            LOST.get().append(1)
            raise


def _guess(auth, number, given):
    return auth.verify_account(challenge=given["challenge"], code=given["code"])


def _register_name(auth, number, given):
    return auth.register(email=f"racer{number}@example.org", username=given["username"], password=PASSWORD)


def _register_address(auth, number, given):
    return auth.register(email=given["email"], password=PASSWORD)


def _show(auth, number, given):
    return auth.identify(given["token"])


def _show_old_or_new(auth, number, given):
    return auth.identify(given["tokens"][number % 2])


def _fulfil(auth, number, given):
    return auth.fulfil_second_factor(token=given["token"], challenge=given["challenge"], code=given["code"])


def _log_in_or_change(auth, number, given):
    if number == 0:
        return auth.change_password(token=given["token"], current=PASSWORD, new=NEW_PASSWORD)
    return auth.log_in(identifier=given["email"], password=PASSWORD)


def _assign_or_withdraw(auth, number, given):
    role = {"account_id": given["account"], "role": "editor"}
    return auth.withdraw_role(**role) if number % 2 else auth.assign_role(permissions=["article"], **role)


def _begin(auth, number, given):
    return auth.create_first_administrator(FirstAdministrator(email=given["email"], password=PASSWORD))


def _guess_password(auth, number, given):
    return auth.log_in(identifier=given["email"], password="not the right one at all")


def _deliver(auth, number, given):
    return auth.deliver_due()


RACES = {
    "guess": _guess,
    "register a name": _register_name,
    "register an address": _register_address,
    "show": _show,
    "show an old or a new one": _show_old_or_new,
    "fulfil": _fulfil,
    "log in or change": _log_in_or_change,
    "assign or withdraw": _assign_or_withdraw,
    "begin": _begin,
    "guess a password": _guess_password,
    "deliver": _deliver,
}


async def main(url, process):
    """Do what is asked for, line by line, until the end of what comes in."""
    store = _opened(url)
    loop = asyncio.get_running_loop()
    _tell("ready")
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        task = json.loads(line)
        auth = build_auth(
            store=CountingStore(store),
            policy=policy_of(patient=task["patient"]),
            clock=ShiftedClock(task["shift"]),
            entropy=SystemEntropy(),
            hasher=QuickHasher(parameters=2),
            courier=Mailbox(),
        )
        numbers = range(process * TASKS, (process + 1) * TASKS)
        doing = [_outcome(auth, RACES[task["what"]], number, task["given"]) for number in numbers]
        outcomes = await asyncio.gather(*doing)
        outcomes[0]["letters"] = [letter.destination for letter in auth.courier.letters]
        _tell(json.dumps(outcomes))
    await store.aclose()


def _opened(url):
    """A store that waits for long: of a hundred who want one row the last one has to."""
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        return SqliteStore(rest.removeprefix("///"), patience=PATIENCE)
    if scheme == "redis":
        server, _, realm = url.partition("?realm=")
        return RedisStore(server, realm=realm, patience=PATIENCE)
    return SqlStore(url, patience=PATIENCE, connections=CONNECTIONS)


def _tell(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _outcome(auth, race, number, given):
    LOST.set([])
    try:
        answer = await race(auth, number, given)
    except AuthcoreError as error:
        return {"answer": error.code, "lost": len(LOST.get())}
    issued = getattr(answer, "renewed", answer)
    name = str(answer) if isinstance(answer, bool) or answer is None else type(answer).__name__
    return {"answer": name, "lost": len(LOST.get()), "token": getattr(issued, "token", None)}


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
