"""The core alone, with no framework and no event loop: run `python -m examples.script`."""

import secrets

from authcore import Auth, Keyring, MemoryStore, RootKey
from authcore.errors import InvalidCredentials
from authcore.testing import Mailbox, run_sync

PASSWORD = "a long and quiet evening"  # noqa: S105  an example's

mailbox = Mailbox()
auth = Auth(store=MemoryStore(), keyring=Keyring([RootKey("k1", secrets.token_bytes(32))]), courier=mailbox)

challenge = run_sync(auth.register(email="ada@example.org", username="ada", password=PASSWORD))
run_sync(auth.deliver_due())
account = run_sync(auth.verify_account(challenge=challenge.token, code=mailbox.last_code()))
run_sync(auth.assign_role(account_id=account.id, role="clerk", permissions=["invoices:read,print"]))

try:
    run_sync(auth.log_in(identifier="ada", password=PASSWORD[:-1]))
except InvalidCredentials as refusal:
    print(f"refused: {refusal}")

login = run_sync(auth.log_in(identifier="ada", password=PASSWORD))
ada = run_sync(auth.authenticate(login.token))

print(f"{ada.display_name} may print: {ada.may(all_of='invoices:print:2026-07')}")
print(f"{ada.display_name} may delete: {ada.may(all_of='invoices:delete')}")
