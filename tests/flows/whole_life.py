"""A person who lives through everything that leaves rows, and how to find what names that person.

Nothing here asserts anything.
"""

from collections import defaultdict
from dataclasses import replace

from authcore.audit import session_digest
from authcore.entities import Device, to_record
from authcore.errors import DeliveryFault
from authcore.policy import Policy
from tests.flows.people import NEW_PASSWORD, OTHER_PASSWORD, PASSWORD, derive, do, refusal, wrong

POLICY = Policy(message_attempts=1)

BY_EMAIL = {"email": "Ada.Lovelace@Example.org"}
SPELT_OTHERWISE = {"email": "ADA.LOVELACE@EXAMPLE.ORG"}
BY_PHONE = {"phone": "+44 20 7946 0018"}
WITH_HYPHENS = {"phone": "+44-20-7946-0018"}

HOME = Device(network="203.0.113.77", user_agent="Mosaic (Analytical Engine)")
AWAY = Device(network="2001:db8:1815::12", user_agent="Lynx (Analytical Engine)")
STRANGER = Device(network="198.51.100.9", user_agent="somebody else's")
"""Where somebody asks about her address while nobody has it: what is stored of that is about nobody."""

PERSONAL = ("lovelace", "7946", "enchantress", "imposter", "countess", "analytical", "subject-1815", "subject-1852")
"""What is in every value that names her, however it is spelt; and in what strangers gave with her address."""

NETWORKS = ("203.0.113.77", "2001:db8:1815:")


def live(auth, named, spelt_otherwise):
    """Let her live; returns her account's id, the secrets that people held, and a session of hers that counts."""
    (name,) = named.values()
    secrets = [PASSWORD, OTHER_PASSWORD, NEW_PASSWORD]
    # Before anybody has the name, and after a stranger has registered it.
    for _ in range(2):
        refusal(auth.log_in(identifier=name, password=OTHER_PASSWORD, device=HOME))
        do(auth.register(**spelt_otherwise, password=OTHER_PASSWORD, username="imposter", device=AWAY))
        do(auth.request_recovery(identifier=name, device=STRANGER))
    registered = do(auth.register(**named, password=PASSWORD, username="Enchantress", device=HOME))
    registered = do(auth.request_verification(challenge=registered.token, device=AWAY))
    do(auth.resend_code(registered.token, device=AWAY))
    code = derive(auth, registered)
    refusal(auth.verify_account(challenge=registered.token, code=wrong(code), device=HOME))
    ada = do(auth.verify_account(challenge=registered.token, code=code, device=HOME)).id
    do(auth.deliver_due())
    do(auth.link_external_identity(ada, issuer="https://id.example", subject="subject-1815"))
    do(auth.link_external_identity(ada, issuer="https://id.example", subject="subject-1852"))
    do(auth.unlink_external_identity(ada, issuer="https://id.example", subject="subject-1852"))
    do(auth.assign_role(account_id=ada, role="editor", permissions=["article"]))
    for there, back in (("disable_account", "enable_account"), ("delete_account", "restore_account")):
        do(getattr(auth, there)(ada))
        do(getattr(auth, back)(ada))
    # Strangers at her address, and she herself, who has forgotten that she has an account.
    for device in (AWAY, HOME):
        decoy = do(auth.register(**spelt_otherwise, password=OTHER_PASSWORD, username="countess", device=device))
        decoy = do(auth.request_verification(challenge=decoy.token, device=device))
        do(auth.resend_code(decoy.token, device=device))
        refusal(auth.verify_account(challenge=decoy.token, code="000000", device=device))
    # Her sessions: one is rotated, one stolen, one closed, one revoked, one pending.
    home, lost, closed, revoked = (_log_in(auth, name, device) for device in (HOME, AWAY, HOME, AWAY))
    refusal(auth.log_in(identifier="enchantress", password=OTHER_PASSWORD, device=AWAY))
    auth.clock.advance(auth.policy.rotation)
    found = do(auth.refresh(lost.token, device=AWAY))
    do(auth.authenticate(found.token, device=AWAY))
    auth.clock.advance(auth.policy.grace)
    refusal(auth.authenticate(lost.token, device=HOME))
    do(auth.log_out(closed.token, device=HOME))
    do(auth.revoke_session(home.token, session=session_digest(revoked.session.id), device=HOME))
    pay = do(auth.request_two_step(token=home.token, purpose="pay", device=HOME))
    refusal(_pay(auth, home, pay, "000000"))
    do(_pay(auth, home, pay, derive(auth, pay)))
    home = do(auth.change_password(token=home.token, current=PASSWORD, new=NEW_PASSWORD, device=HOME))
    lost = do(auth.request_recovery(identifier=name, device=AWAY))
    refusal(auth.recover(challenge=lost.token, code="000000", new_password=OTHER_PASSWORD, device=AWAY))
    home = do(auth.change_second_factor(token=home.token, password=NEW_PASSWORD, required=True, device=HOME))
    pending = _log_in(auth, name, AWAY, NEW_PASSWORD)
    factor = do(auth.request_second_factor(pending.token, device=AWAY))
    full = do(auth.fulfil_second_factor(token=pending.token, challenge=factor.token, code=derive(auth, factor)))
    # Some messages were given up, and others still wait.
    auth.courier.fault = DeliveryFault()
    do(auth.deliver_due())
    auth.courier.fault = None
    waiting = do(auth.request_two_step(token=full.token, purpose="pay", device=AWAY))
    held = (registered, home, lost, closed, revoked, pay, pending, factor, full, waiting)
    secrets += [each.token for each in held] + [each.session.id for each in held]
    return ada, secrets, full


def _log_in(auth, name, device, password=PASSWORD):
    return do(auth.log_in(identifier=name, password=password, device=device, tag="web"))


def _pay(auth, session, challenge, code):
    return auth.answer_two_step(token=session.token, challenge=challenge.token, purpose="pay", code=code, device=HOME)


def where(entities, fragments):
    """In which kinds of entities a fragment is found, in whatever case: in ids, fields, anywhere."""
    found = defaultdict(set)
    for entity in entities:
        text = "\n".join(str(value) for value in to_record(entity).values()).casefold()
        for fragment in fragments:
            if fragment in text:
                found[fragment].add(type(entity).__name__)
    return dict(found)


def with_policy(auth):
    """The same world, where a message is tried once."""
    return replace(auth, policy=POLICY)
