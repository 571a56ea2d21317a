"""Breakages: for each law, edits of one place that break it on purpose, and the test that must notice.

Each is a change that somebody could make in good faith.  `test_breakages` makes them, one at a time, in a copy.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Breakage:
    """One planted error."""

    law: str
    """The law of the architecture that it breaks."""

    what: str
    """What somebody has done."""

    file: str
    """Where, below src/."""

    before: str
    """What stands there once, and nowhere else in the file."""

    after: str
    """What takes its place."""

    caught_by: str
    """The test that fails, below tests/."""


ONE_COMMIT = [
    Breakage(
        law="reads, one decision, one commit",
        what="unchanged dropped",
        file="authcore/flows.py",
        before="await self.store.commit(decision.writes, work.untouched(decision.writes))",
        after="await self.store.commit(decision.writes)",
        caught_by="flows/test_orders.py::test_law_holds_in_every_order[a code does not outlive the password]",
    ),
    Breakage(
        law="reads, one decision, one commit",
        what="last reading counts instead of the first",
        file="authcore/flows.py",
        before="self._read.setdefault((type(entity), entity.id), entity)",
        after="self._read[type(entity), entity.id] = entity",
        caught_by="core/test_flows.py::TestUnchanged::test_two_readings_that_differ_are_a_conflict",
    ),
    Breakage(
        law="reads, one decision, one commit",
        what="caller read past the flow's memory",
        file="authcore/flows.py",
        before="for e in (caller.session, caller.account, *caller.grants, *caller.roles) if e is not None",
        after="for e in () if e is not None",
        caught_by="core/test_flows.py::TestUnchanged::test_all_that_an_owner_has_is_guarded",
    ),
    Breakage(
        law="reads, one decision, one commit",
        what="conflict taken for success",
        file="authcore/flows.py",
        before="except Conflict:\n            return False",
        after="except Conflict:\n            return True",
        caught_by="core/test_flows.py::TestRetrying::test_conflicts_are_tried_again",
    ),
    Breakage(
        law="reads, one decision, one commit",
        what="password hashed anew at every attempt",
        file="authcore/flows.py",
        before="if task not in self._results:",
        after="if task:",
        caught_by="flows/test_login.py::test_contention_costs_one_hash",
    ),
    Breakage(
        law="reads, one decision, one commit",
        what="result for one password remembered for another",
        file="authcore/flows.py",
        before="task = (function, arguments)",
        after="task = function",
        caught_by="core/test_flows.py::TestCostlyWork::test_other_arguments_are_other_work",
    ),
    Breakage(
        law="reads, one decision, one commit",
        what="flow that never gives up in time",
        file="authcore/flows.py",
        before="if attempt + 1 == self.attempts or self.clock.now() >= give_up_at:",
        after="if attempt + 1 == self.attempts:",
        caught_by="core/test_flows.py::TestRetrying::test_patience_is_bounded",
    ),
    Breakage(
        law="reads, one decision, one commit",
        what="commit outside of flows",
        file="authcore/delivery.py",
        before="state = await self._send(held)",
        after="state = await self._send(held)\n        await self.flows.store.commit([held])",
        caught_by="architecture/test_imports.py::test_only_flows_commits",
    ),
]

STORES = [
    Breakage(
        law="a store is two methods",
        what="version not checked in memory",
        file="authcore/memory.py",
        before="if self._version(entity) != entity.version:",
        after="if self._version(entity) > 0 and entity.version == 0:",
        caught_by="core/test_memory.py::test_another_version_is_a_conflict",
    ),
    Breakage(
        law="a store is two methods",
        what="each entity stored as soon as it is checked",
        file="authcore/memory.py",
        before="                raise Conflict\n        for entity in writes:\n            self._keep(entity)",
        after="                raise Conflict\n            self._keep(entity)",
        caught_by="core/test_memory.py::test_a_conflict_stores_nothing",
    ),
    Breakage(
        law="a store is two methods",
        what="update that hits no row taken for written",
        file="authcore_sqlalchemy/statements.py",
        before="return connection.execute(statements.update, record | found).rowcount == 1",
        after="return connection.execute(statements.update, record | found).rowcount <= 1",
        caught_by="stores/test_sqlite.py::TestSqliteMemory::test_old_version_conflicts",
    ),
    Breakage(
        law="a store is two methods",
        what="older version overwritten by an update",
        file="authcore_sqlalchemy/statements.py",
        before='table.c.version == bindparam("stored_version")',
        after='table.c.version >= bindparam("stored_version")',
        caught_by="stores/test_sqlite.py::TestSqliteMemory::test_old_version_conflicts",
    ),
    Breakage(
        law="a store is two methods",
        what="unchanged not checked by SQL stores",
        file="authcore_sqlalchemy/statements.py",
        before="return (stored or 0) == entity.version",
        after="return (stored or 0) >= 0",
        caught_by="stores/test_sqlite.py::TestSqliteMemory::test_unchanged_stops_write_skew",
    ),
    Breakage(
        law="a store is two methods",
        what="transaction that is committed in parts",
        file="authcore_sqlalchemy/sqlite.py",
        before="with self._write_lock, conflicts(), faults(), transaction(self._writing):",
        after="with self._write_lock, conflicts(), faults():",
        caught_by="stores/test_sqlite.py::TestSqliteMemory::test_refused_last_entity_leaves_no_trace",
    ),
    Breakage(
        law="a store is two methods",
        what="rehash that does not mind a changed password",
        file="authcore/sessions.py",
        before="[replace(credential, updated_at=occasion.now, secret=rehashed)]",
        after="[replace(credential, version=credential.version + 1, secret=rehashed)]",
        caught_by="core/test_sessions.py::TestLoggingIn::test_rehashing_is_compare_and_swap",
    ),
]

TRANSACTIONS = [
    Breakage(
        law="of a registration in the application's transaction all is left, or nothing",
        what="lost race tried again in the same transaction",
        file="authcore/flows.py",
        before="            raise RaceLost from None",
        after="            return await self.run_within(transaction, decide)",
        caught_by="core/test_flows.py::TestTakingPart::test_there_is_one_attempt",
    ),
    Breakage(
        law="of a registration in the application's transaction all is left, or nothing",
        what="message announced that nobody can find yet",
        file="authcore/flows.py",
        before="            raise RaceLost from None\n",
        after="            raise RaceLost from None\n        self.posted()\n",
        caught_by="core/test_flows.py::TestTakingPart::test_no_message_is_announced",
    ),
    Breakage(
        law="of a registration in the application's transaction all is left, or nothing",
        what="transaction taken for a store",
        file="authcore/auth/parts.py",
        before="if isinstance(self.store, Transaction):",
        after="if self.store is None:",
        caught_by="flows/test_within.py::test_transaction_is_no_store",
    ),
    Breakage(
        law="of a registration in the application's transaction all is left, or nothing",
        what="no savepoint around what is staged",
        file="authcore_sqlalchemy/joining.py",
        before="            with connection.begin_nested():\n                self._statements",
        after="            self._statements",
        caught_by="stores/test_joining.py::test_conflict_leaves_the_transaction_as_it_was",
    ),
    Breakage(
        law="of a registration in the application's transaction all is left, or nothing",
        what="transaction open to SQLAlchemy taken for one open to the driver",
        file="authcore_sqlalchemy/joining.py",
        before='if not getattr(connection.connection.driver_connection, "in_transaction", False):',
        after="if not connection.in_transaction():",
        caught_by="stores/test_joining.py::test_autocommit_is_refused",
    ),
    Breakage(
        law="of a registration in the application's transaction all is left, or nothing",
        what="staging cut off by a cancellation",
        file="authcore_sqlalchemy/joining.py",
        before="return await _to_its_end(self._connection.run_sync(do))",
        after="return await self._connection.run_sync(do)",
        caught_by="stores/test_joining.py::test_cancelled_registration_is_whole_or_absent",
    ),
]

REFUSALS = [
    Breakage(
        law="a refusal is raised after the commit",
        what="refusal raised before",
        file="authcore/flows.py",
        before="            if await self._committed(decision, work):",
        after="            decision.settle()\n            if await self._committed(decision, work):",
        caught_by="core/test_flows.py::TestDeciding::test_a_refusal_is_raised_after_its_commit",
    ),
    Breakage(
        law="a refusal is raised after the commit",
        what="wrong code not counted",
        file="authcore/challenges.py",
        before="return refuse(mismatch, [counted, failed, _event(",
        after="return refuse(mismatch, [_event(",
        caught_by="core/test_challenges.py::TestStates::test_a_wrong_code_is_counted_and_refused",
    ),
    Breakage(
        law="a refusal is raised after the commit",
        what="last wrong code not remembered",
        file="authcore/guesses.py",
        before="    return _ended(guessed, SessionEnd.EXHAUSTED, now=now), AttemptsExhausted()",
        after="    return session, AttemptsExhausted()",
        caught_by="flows/test_verify.py::test_exhausted_challenge_stays_exhausted",
    ),
    Breakage(
        law="a refusal is raised after the commit",
        what="wrong codes forgotten with every new code",
        file="authcore/challenges.py",
        before="return replace(slot, updated_at=challenge.created_at, challenge_id=challenge.id)",
        after="return replace(slot, failures=0, challenge_id=challenge.id)",
        caught_by="flows/test_verify.py::test_wrong_codes_are_capped_over_all_codes",
    ),
]

PORTS = [
    Breakage(
        law="only ports are awaited",
        what="event loop in the core",
        file="authcore/flows.py",
        before="            await self.clock.sleep(self._pause(attempt))",
        after="            import asyncio\n\n            await asyncio.sleep(self._pause(attempt))",
        caught_by="architecture/test_imports.py::test_core_knows_no_event_loop",
    ),
    Breakage(
        law="time and randomness are ports",
        what="wall clock read where something is decided",
        file="authcore/guesses.py",
        before="session.ended_at is None and now < session.expires_at",
        after="session.ended_at is None and datetime.now() < session.expires_at",
        caught_by="architecture/test_imports.py::test_time_and_randomness_have_one_home",
    ),
    Breakage(
        law="time and randomness are ports",
        what="randomness drawn where something is decided",
        file="authcore/sessions.py",
        before="    return AuthenticationSession(\n        id=occasion.ids.session,",
        after="    import secrets\n\n    return AuthenticationSession(\n        id=secrets.token_urlsafe(20),",
        caught_by="architecture/test_imports.py::test_time_and_randomness_have_one_home",
    ),
    Breakage(
        law="time and randomness are ports",
        what="pauses without jitter",
        file="authcore/flows.py",
        before="return longest * (1 + self.entropy.token_bytes(1)[0]) / 256",
        after="return longest",
        caught_by="core/test_flows.py::TestRetrying::test_pauses_have_jitter",
    ),
    Breakage(
        law="dependencies point one way",
        what="deciding room that reads a store",
        file="authcore/accounts.py",
        before="from authcore.errors import AccountDeleted,",
        after="from authcore.flows import Flows\nfrom authcore.errors import AccountDeleted,",
        caught_by="architecture/test_imports.py::test_dependencies_point_one_way",
    ),
]

ONE_GATE = [
    Breakage(
        law="one gate",
        what="session opened past it",
        file="authcore/sessions.py",
        before="    refusal = gate(account=account, epoch=account.epoch, amr=amr, policy=occasion.policy)",
        after="    refusal = SecondFactorRequired() if account.second_factor else None",
        caught_by="core/test_sessions.py::TestGate::test_every_way_passes_the_gate",
    ),
    Breakage(
        law="one gate",
        what="second place that asks it",
        file="authcore/principal.py",
        before="    if session is None or (refusal is not None",
        after="    refusal = refusal or sessions.gate(account=account, epoch=0, amr=(), policy=shown.policy)\n"
        "    if session is None or (refusal is not None",
        caught_by="core/test_sessions.py::TestGate::test_every_way_passes_the_gate",
    ),
    Breakage(
        law="one gate",
        what="session made beside open_session",
        file="authcore/sessions.py",
        before="    opened = open_session(occasion, account=raised, amr=session.amr,"
        " tag=session.tag, succeeds=session)",
        after="    fresh = AuthenticationSession(**{name: getattr(session, name) for name in session.__slots__})\n"
        "    opened = accept(fresh, [fresh])",
        caught_by="core/test_sessions.py::TestGate::test_there_is_one_way_to_a_session",
    ),
    Breakage(
        law="one gate",
        what="epoch of a session not checked",
        file="authcore/sessions.py",
        before='ended = None if account.epoch == epoch else SessionRevoked(cause="epoch")',
        after="ended = None",
        caught_by="core/test_sessions.py::TestGate::test_another_epoch_does_not_pass",
    ),
    Breakage(
        law="one gate",
        what="standing of an account not checked",
        file="authcore/sessions.py",
        before="return standing(account) or ended or",
        after="return ended or",
        caught_by="core/test_sessions.py::TestGate::test_unusable_accounts_do_not_pass",
    ),
    Breakage(
        law="one gate",
        what="epoch of a challenge not checked",
        file="authcore/challenges.py",
        before="if account.epoch != challenge.epoch:",
        after="if account.epoch < challenge.epoch:",
        caught_by="flows/test_delivery.py::test_code_for_an_account_that_changed_is_not_sent",
    ),
    Breakage(
        law="one gate",
        what="password changed under the old epoch",
        file="authcore/sessions.py",
        before="raised = replace(account, updated_at=now, epoch=account.epoch + 1)",
        after="raised = replace(account, updated_at=now)",
        caught_by="core/test_sessions.py::TestChangingThePassword::test_everything_begun_before_ends",
    ),
    Breakage(
        law="one gate",
        what="pending session made whole by another policy",
        file="authcore/sessions.py",
        before="lacking = pending or (",
        after="lacking = (",
        caught_by="core/test_sessions.py::TestGate::test_what_is_pending_stays_so",
    ),
    Breakage(
        law="one gate",
        what="pending session taken for a whole one",
        file="authcore/principal.py",
        before="if refusal is not None and account is not None:",
        after="if refusal is not None and account is None:",
        caught_by="core/test_principal.py::TestIdentifying::test_pending_sessions_are_nobodys_yet",
    ),
    Breakage(
        law="one gate",
        what="pending session rotated",
        file="authcore/principal.py",
        before="return accept(Pending(account=account, session=session))",
        after="return accept(Pending(account=account, session=presented.outcome.session), presented.writes)",
        caught_by="core/test_principal.py::TestIdentifying::test_pending_sessions_are_never_rotated",
    ),
    Breakage(
        law="one gate",
        what="pending session that outlives its second factor",
        file="authcore/second_factor.py",
        before="ended = sessions.superseded(session, occasion)",
        after="ended = replace(session, updated_at=occasion.now)",
        caught_by="flows/test_second_factor.py::test_code_lifts_once",
    ),
    Breakage(
        law="one gate",
        what="account disabled under the old epoch",
        file="authcore/lifecycle.py",
        before="account = raised(changed, occasion)",
        after="account = replace(changed, updated_at=occasion.now)",
        caught_by="flows/test_account_states.py::test_nothing_comes_back_to_life",
    ),
    Breakage(
        law="one gate",
        what="session of somebody else ended",
        file="authcore/revocation.py",
        before="if session is None or session.account_id != account.id:",
        after="if session is None:",
        caught_by="core/test_revocation.py::TestRevokingOne::test_only_own_sessions_end",
    ),
]

ROTATION = [
    Breakage(
        law="a rotation is asked for as often as one likes",
        what="grace dropped",
        file="authcore/rotation.py",
        before="return session.presented_at is None or shown.now < session.presented_at + shown.policy.grace",
        after="return session.presented_at is None",
        caught_by="core/test_rotation.py::TestPredecessor::test_it_counts_for_a_while_after_that",
    ),
    Breakage(
        law="a rotation is asked for as often as one likes",
        what="reuse that ends nothing",
        file="authcore/rotation.py",
        before="[_revoked(session, shown), _event(session, shown)]",
        after="[_event(session, shown)]",
        caught_by="flows/test_refresh.py::test_reuse_ends_the_session",
    ),
    Breakage(
        law="a rotation is asked for as often as one likes",
        what="reuse refused and forgotten",
        file="authcore/principal.py",
        before="        return presented.refused()\n    if refusal is not None",
        after="        return refuse(presented.refusal)\n    if refusal is not None",
        caught_by="flows/test_refresh.py::test_reuse_is_remembered_by_every_flow",
    ),
    Breakage(
        law="a rotation is asked for as often as one likes",
        what="another successor for everybody who asks",
        file="authcore/rotation.py",
        before="        return accept(Presented(session=session, renewed=shown.rotate))",
        after="        again = replace(session, generation=session.generation + 1)\n"
        "        return accept(Presented(session=again, renewed=shown.rotate), [again])",
        caught_by="flows/test_refresh.py::test_everybody_gets_the_same_successor",
    ),
    Breakage(
        law="a rotation is asked for as often as one likes",
        what="absolute end moved",
        file="authcore/rotation.py",
        before="generation=session.generation + 1, presented_at=None, **times)",
        after="generation=session.generation + 1, presented_at=None, **times)\n"
        "        turned = replace(turned, expires_at=shown.now + shown.policy.absolute)",
        caught_by="flows/test_refresh.py::test_activity_never_moves_the_absolute_end",
    ),
    Breakage(
        law="a rotation is asked for as often as one likes",
        what="successor replaced while its predecessor is under way",
        file="authcore/rotation.py",
        before=" and not _has_predecessor(session, shown)",
        after="",
        caught_by="core/test_rotation.py::TestCurrent::test_it_stays_while_the_one_before_may_come",
    ),
    Breakage(
        law="a rotation is asked for as often as one likes",
        what="renewed token on an answer that caches may keep",
        file="authcore/web/issuing.py",
        before="return [*(header for header in own if not _is_for_caches(header[0])),",
        after="return [*own,",
        caught_by="web/test_issuing.py::test_no_cache_is_told_otherwise",
    ),
    Breakage(
        law="a rotation is asked for as often as one likes",
        what="renewed token on an answer that a handler keeps",
        file="authcore_sanic/messages.py",
        before='copied = cast("HTTPResponse", copy(response))',
        after='copied = cast("HTTPResponse", response)',
        caught_by="adapters/test_kept_answers.py::"
        "test_no_handler_hands_out_what_was_renewed_for_somebody_else[sanic as ASGI]",
    ),
]

CODES = [
    Breakage(
        law="codes are never stored",
        what="code written into the challenge",
        file="authcore/challenges.py",
        before="    slot = _thawed(slot, occasion)\n    if",
        after="    slot = _thawed(slot, occasion)\n"
        "    challenge = replace(challenge, destination=codes.code_of(challenge, key=key, policy=occasion.policy))\n"
        "    if",
        caught_by="core/test_challenges.py::TestBinding::test_codes_are_never_written",
    ),
    Breakage(
        law="codes are never stored",
        what="code written into the trail",
        file="authcore/challenges.py",
        before="return _accepted(occasion, challenge, slot) if is_right",
        after="return _accepted(occasion, replace(challenge, purpose=given), slot) if is_right",
        caught_by="core/test_challenges.py::TestBinding::test_codes_are_never_written",
    ),
    Breakage(
        law="codes are never stored",
        what="code compared with ==",
        file="authcore/codes.py",
        before="return hmac.compare_digest(given.translate(_SEPARATORS).upper().encode(), expected.encode())",
        after="return given.translate(_SEPARATORS).upper() == expected",
        caught_by="core/test_codes.py::TestComparing::test_comparison_takes_constant_time",
    ),
    Breakage(
        law="codes are never stored",
        what="letters that are not ASCII turned into some that are",
        file="authcore/codes.py",
        before="if len(given) > _LONGEST_ANSWER or not given.isascii():",
        after="if len(given) > _LONGEST_ANSWER:",
        caught_by="core/test_codes.py::TestComparing::test_only_ascii_matches",
    ),
    Breakage(
        law="codes are never stored",
        what="code cut with bias",
        file="authcore/codes.py",
        before="for byte in stream if byte < fair)",
        after="for byte in stream)",
        caught_by="core/test_codes.py::TestDeriving::test_no_letter_is_favoured",
    ),
    Breakage(
        law="codes are never stored",
        what="code accepted from another session",
        file="authcore/challenges.py",
        before="if challenge.purpose != purpose or challenge.session_id != asked_by:",
        after="if challenge.purpose != purpose:",
        caught_by="flows/test_two_step.py::test_code_is_bound_to_its_session",
    ),
    Breakage(
        law="codes are never stored",
        what="second factor's code accepted from another session",
        file="authcore/auth/second_factor.py",
        before="asked_by=session.id)",
        after="asked_by=asked.challenge and asked.challenge.session_id)",
        caught_by="flows/test_second_factor.py::test_code_of_another_attempt_lifts_nothing",
    ),
]

CAPTCHAS = [
    Breakage(
        law="a captcha lets a person in once",
        what="first wrong answer to a captcha not stored",
        file="authcore/captchas.py",
        before="return refuse(mismatch, [counted, _event(occasion, AuditKind.CODE_REFUSED, captcha)])",
        after="return refuse(mismatch, [_event(occasion, AuditKind.CODE_REFUSED, captcha)])",
        caught_by="flows/test_captchas.py::TestAnswering::test_limit_holds_for_ever",
    ),
    Breakage(
        law="a captcha lets a person in once",
        what="right answer to a captcha not stored",
        file="authcore/captchas.py",
        before="return accept(spent, [spent, _event(",
        after="return accept(spent, [_event(",
        caught_by="flows/test_captchas.py::TestAnswering::test_right_answer_is_spent",
    ),
    Breakage(
        law="a captcha lets a person in once",
        what="stored captcha not looked for",
        file="authcore/auth/captchas.py",
        before="return stored or captchas.unanswered(",
        after="return captchas.unanswered(",
        caught_by="flows/test_captchas.py::TestAnswering::test_limit_of_its_time_holds",
    ),
    Breakage(
        law="what strangers share is bounded",
        what="throttled attempts counted for ever",
        file="authcore/throttling.py",
        before="count.last.created_at + count.throttle.window - now",
        after="count.throttle.window",
        caught_by="core/test_throttling.py::TestAdmitting::test_what_is_over_counts_no_more",
    ),
    Breakage(
        law="what strangers share is bounded",
        what="every address of a network counted for itself",
        file="authcore/throttling.py",
        before="    if isinstance(address, IPv6Address):",
        after="    if False:",
        caught_by="core/test_throttling.py::TestSubjects::test_network_is_what_one_customer_is_given",
    ),
    Breakage(
        law="guesses are bounded",
        what="wrong password not counted",
        file="authcore/auth/logins.py",
        before="counted = forget if matches else [throttling.failed(failing, now=work.now)]",
        after="counted = forget",
        caught_by="flows/test_throttling.py::TestAccounts::test_count_is_over_all_names_and_networks",
    ),
    Breakage(
        law="guesses are bounded",
        what="each name of an account counted for itself",
        file="authcore/auth/logins.py",
        before="accounts.password_id(name.id if account is None else account.id)",
        after="accounts.password_id(name.id)",
        caught_by="flows/test_throttling.py::TestAccounts::test_count_is_over_all_names_and_networks",
    ),
    Breakage(
        law="guesses are bounded",
        what="name that nobody has never throttled",
        file="authcore/auth/logins.py",
        before="throttled = admitted.refusal or throttling.may_fail(failing, now=work.now)",
        after="throttled = admitted.refusal or (account and throttling.may_fail(failing, now=work.now))",
        caught_by="flows/test_throttling.py::TestAccounts::test_stranger_is_treated_alike",
    ),
    Breakage(
        law="what strangers share is bounded",
        what="attempts held against the commit of others",
        file="authcore/flows.py",
        before="        return self._store\n\n    async def find",
        after="        return self\n\n    async def find",
        caught_by="core/test_flows.py::TestWeakReading::test_weak_reading_is_not_held_against_the_commit",
    ),
    Breakage(
        law="what strangers share is bounded",
        what="everything that a header says believed",
        file="authcore/web/clients.py",
        before="named = network_of(_without_port(hop)) if _is_within(client, trusted) else _UNKNOWN",
        after="named = network_of(_without_port(hop))",
        caught_by="web/test_clients.py::test_walk_ends_at_the_first_stranger",
    ),
    Breakage(
        law="secrets stay inside",
        what="environment handed to the process that speaks",
        file="authcore/offload/apart.py",
        before="return {**inherited(*_NEEDED), ",
        after="return {**os.environ, ",
        caught_by="core/test_apart.py::test_process_learns_no_secret",
    ),
]

TOKENS = [
    Breakage(
        law="a token is a reference",
        what="typ not checked",
        file="authcore/tokens.py",
        before="key = self._known.get((kind, header))",
        after="key = {known: key for (_, known), key in self._known.items()}.get(header)",
        caught_by="core/test_tokens.py::TestKeys::test_kinds_are_never_confused",
    ),
    Breakage(
        law="a token is a reference",
        what="header read instead of compared",
        file="authcore/tokens.py",
        before="key = self._known.get((kind, header))",
        after="key = self._keys(kind)[0]",
        caught_by="core/test_tokens.py::TestRefusing::test_headers_are_ours_octet_for_octet",
    ),
    Breakage(
        law="a token is a reference",
        what="alg of the header trusted",
        file="authcore/tokens.py",
        before="return octets is not None and",
        after="return bool(octets) if message else",
        caught_by="core/test_tokens.py::TestRefusing::test_every_single_change_is_refused",
    ),
    Breakage(
        law="a token is a reference",
        what="expiry ignored",
        file="authcore/tokens.py",
        before="if now >= reference.expires_at:",
        after="if now <= reference.issued_at >= reference.expires_at:",
        caught_by="core/test_tokens.py::TestReading::test_expiry_is_exact",
    ),
    Breakage(
        law="a token is a reference",
        what="times judged by the machine's clock",
        file="authcore/tokens.py",
        before="if now >= reference.expires_at:",
        after="if datetime.now(UTC) >= reference.expires_at:",
        caught_by="core/test_tokens.py::TestReading::test_expiry_is_exact",
    ),
    Breakage(
        law="a token is a reference",
        what="issuer and audience not checked",
        file="authcore/tokens.py",
        before='if claims["iss"] != self.issuer or claims["aud"] != self.audience:',
        after='if claims["iss"] is None or claims["aud"] is None:',
        caught_by="core/test_tokens.py::TestRefusing::test_claims_are_complete_and_typed",
    ),
    Breakage(
        law="a token is a reference",
        what="token of any length read",
        file="authcore/tokens.py",
        before="parts = None if len(token) > LONGEST_TOKEN else _TOKEN.fullmatch(token)",
        after="parts = _TOKEN.fullmatch(token)",
        caught_by="core/test_tokens.py::TestRefusing::test_long_tokens_cost_nothing",
    ),
    Breakage(
        law="a token is a reference",
        what="second spelling of a signature read",
        file="authcore/tokens.py",
        before="return octets if _base64(octets) == text else None",
        after="return octets",
        caught_by="core/test_tokens.py::TestRefusing::test_every_single_change_is_refused",
    ),
    Breakage(
        law="a token is a reference",
        what="verifier that can sign",
        file="authcore/tokens.py",
        before="if not all(isinstance(key, VerificationKey) for key in self.keys):",
        after="if not all(self.keys):",
        caught_by="core/test_tokens.py::TestVerifier::test_keys_that_sign_are_refused",
    ),
    Breakage(
        law="a token is a reference",
        what="type and strength of a key not judged",
        file="authcore/asymmetric.py",
        before="if found != _NEEDED[algorithm]:",
        after="if found not in _NEEDED.values():",
        caught_by="core/test_signing.py::TestMatching::test_each_algorithm_has_its_keys",
    ),
    Breakage(
        law="a token is a reference",
        what="public key taken for a secret",
        file="authcore/key_material.py",
        before="if any(mark in secret for mark in _NO_SECRETS):",
        after="if secret in _NO_SECRETS:",
        caught_by="core/test_signing.py::TestSecrets::test_public_keys_are_no_secrets",
    ),
    Breakage(
        law="a token is a reference",
        what="session's id shown",
        file="authcore/web/views.py",
        before='"id": session_digest(session.id),',
        after='"id": session.id,',
        caught_by="web/test_views.py::test_session",
    ),
    Breakage(
        law="a token is a reference",
        what="typ not checked where one key signs all kinds",
        file="authcore/tokens.py",
        before="key = self._known.get((kind, header))",
        after="key = {known: key for (_, known), key in self._known.items()}.get(header)",
        caught_by="core/test_tokens.py::TestEveryAlgorithm::test_kinds_are_never_confused",
    ),
    Breakage(
        law="a token is a reference",
        what="public key used as a secret",
        file="authcore/tokens.py",
        before="return octets is not None and",
        after='import hmac\n\n    forged = hmac.digest(key.opened.identity, message.encode(), "sha256")\n'
        "    return octets == forged or octets is not None and",
        caught_by="core/test_tokens.py::TestEveryAlgorithm::test_public_keys_are_no_secrets",
    ),
]

STRANGERS = [
    Breakage(
        law="strangers learn nothing",
        what="no hash for whoever is unknown",
        file="authcore/auth/logins.py",
        before="matches = await work.costly(self.hasher.verify, stored, given)",
        after="matches = credential is not None and await work.costly(self.hasher.verify, stored, given)",
        caught_by="flows/test_login.py::test_refusals_look_alike",
    ),
    Breakage(
        law="strangers learn nothing",
        what="standing told before the password is right",
        file="authcore/sessions.py",
        before="    if account is None or credential is None or not matches:",
        after="    if account is not None and (refusal := standing(account)) is not None:\n"
        "        return refuse(refusal)\n"
        "    if account is None or credential is None or not matches:",
        caught_by="core/test_sessions.py::TestLoggingIn::test_strangers_are_told_nothing",
    ),
    Breakage(
        law="strangers learn nothing",
        what="login by an address that was not proven",
        file="authcore/accounts.py",
        before="return claim.holder if proven else None",
        after="return claim.holder if proven is not None else None",
        caught_by="flows/test_login.py::test_unproven_address_names_nobody",
    ),
    Breakage(
        law="strangers learn nothing",
        what="reason told to whoever found a token",
        file="authcore/sessions.py",
        before="return SessionRevoked(cause=refusal.cause or refusal.code)",
        after="return refusal",
        caught_by="core/test_sessions.py::TestValidating::test_unusable_accounts_look_like_bad_tokens",
    ),
    Breakage(
        law="strangers learn nothing",
        what="code that fits a decoy",
        file="authcore/challenges.py",
        before="is_right and not account.decoy else",
        after="is_right else",
        caught_by="core/test_challenges.py::TestBinding::test_no_code_fits_a_decoy",
    ),
    Breakage(
        law="strangers learn nothing",
        what="traceback let through to the client",
        file="authcore/web/endpoints.py",
        before="return unexpected()",
        after="raise",
        caught_by="web/test_endpoints.py::test_faults_and_failures",
    ),
]

OCTETS = [
    Breakage(
        law="cookies and headers are parsed by us",
        what="HttpOnly dropped",
        file="authcore/web/cookies.py",
        before='"HttpOnly": settings.http_only,',
        after='"HttpOnly": not settings.http_only,',
        caught_by="web/test_cookies.py::test_set_cookie_byte_for_byte",
    ),
    Breakage(
        law="cookies and headers are parsed by us",
        what="Secure dropped",
        file="authcore/web/cookies.py",
        before='        "Secure": settings.secure,\n',
        after="",
        caught_by="web/test_cookies.py::test_set_cookie_byte_for_byte",
    ),
    Breakage(
        law="cookies and headers are parsed by us",
        what="__Host- dropped from the session's cookie",
        file="authcore/policy.py",
        before='CookieSettings(name="__Host-authcore")',
        after='CookieSettings(name="authcore", secure=False)',
        caught_by="core/test_policy.py::test_defaults_are_the_strict_ones",
    ),
    Breakage(
        law="cookies and headers are parsed by us",
        what="first of two session cookies taken",
        file="authcore/web/cookies.py",
        before="if len(found) > 1:",
        after="if len(found) > 2:",
        caught_by="web/test_cookies.py::test_a_duplicate_is_refused",
    ),
    Breakage(
        law="cookies and headers are parsed by us",
        what="cookie's name compared without regard to case",
        file="authcore/web/cookies.py",
        before="if key == name]",
        after="if key.lower() == name.lower()]",
        caught_by="web/test_cookies.py::test_only_the_exact_octets_are_our_name",
    ),
    Breakage(
        law="cookies and headers are parsed by us",
        what="second Authorization header overlooked",
        file="authcore/web/authorization.py",
        before="if len(found) > 1:",
        after="if len(found) > 2:",
        caught_by="web/test_authorization.py::test_a_second_header_is_refused",
    ),
    Breakage(
        law="cookies and headers are parsed by us",
        what="Basic header in any spelling",
        file="authcore/web/authorization.py",
        before="if base64.b64encode(octets) == rest:",
        after="if base64.b64encode(octets):",
        caught_by="web/test_authorization.py::test_basic_has_one_spelling",
    ),
    Breakage(
        law="cookies and headers are parsed by us",
        what="duplicate key overlooked",
        file="authcore/web/bodies.py",
        before="if len(found) != len(pairs):",
        after="if len(found) > len(pairs):",
        caught_by="web/test_bodies.py::test_duplicate_keys_are_refused",
    ),
    Breakage(
        law="cookies and headers are parsed by us",
        what="answer that caches may keep",
        file="authcore/web/messages.py",
        before='            (b"cache-control", b"no-store"),\n',
        after="",
        caught_by="web/test_messages.py::test_json_response",
    ),
]

ORIGINS = [
    Breakage(
        law="only pages of the application change anything",
        what="Origin not checked",
        file="authcore/web/endpoints.py",
        before="            self.access.check_origin(request)",
        after="            pass",
        caught_by="web/test_endpoints.py::test_order_of_judging",
    ),
    Breakage(
        law="only pages of the application change anything",
        what="Origin of a websocket not checked",
        file="authcore/web/access.py",
        before="if websocket or (token is not None",
        after="if (token is not None",
        caught_by="web/test_access.py::test_websockets_are_always_checked",
    ),
    Breakage(
        law="only pages of the application change anything",
        what="part of an allowed Origin accepted",
        file="authcore/web/origins.py",
        before="origin not in tuple(allowed)",
        after='origin not in ",".join(allowed)',
        caught_by="web/test_origins.py::test_any_other_origin_is_refused",
    ),
    Breakage(
        law="only pages of the application change anything",
        what="sibling sites trusted",
        file="authcore/web/origins.py",
        before='if site != "same-origin":',
        after='if site not in {"same-origin", "same-site"}:',
        caught_by="web/test_origins.py::test_any_other_site_is_refused",
    ),
]

PERMISSIONS = [
    Breakage(
        law="one grant covers one requirement",
        what="grants merged",
        file="authcore/permissions/index.py",
        before="return [branch for branch in min(filed, key=len) if branch.part >= part or branch.part == ANY]",
        after="return [branch for branches in filed for branch in branches]",
        caught_by="core/test_permissions.py::test_grants_are_not_merged",
    ),
    Breakage(
        law="one grant covers one requirement",
        what="empty part accepted",
        file="authcore/permissions/text.py",
        before='raise InvalidPermission("empty_part")',
        after="return ANY",
        caught_by="core/test_permission_text.py::test_malformed_text_is_refused_with_its_reason",
    ),
    Breakage(
        law="one grant covers one requirement",
        what="white space at an edge accepted",
        file="authcore/permissions/text.py",
        before='        return "edge_space"',
        after="        return None",
        caught_by="core/test_permission_text.py::test_malformed_text_is_refused_with_its_reason",
    ),
    Breakage(
        law="one grant covers one requirement",
        what="all taken for any",
        file="authcore/permissions/matching.py",
        before="return all(map(granted.implies, self.all_of)) if self.all_of",
        after="return any(map(granted.implies, self.all_of)) if self.all_of",
        caught_by="core/test_permissions.py::test_all_and_any_mean_all_and_any",
    ),
    Breakage(
        law="one grant covers one requirement",
        what="withdrawn grant that still counts",
        file="authcore/principal.py",
        before="for grant in caller.grants if grant.deleted_at is None}",
        after="for grant in caller.grants}",
        caught_by="core/test_principal.py::TestIdentifying::test_only_live_grants_of_live_roles_count",
    ),
    Breakage(
        law="one grant covers one requirement",
        what="handler that runs before its check",
        file="authcore/web/guards.py",
        before="        check(arguments, named)\n        return handler(*arguments, **named)",
        after="        answer = handler(*arguments, **named)\n        check(arguments, named)\n        return answer",
        caught_by="web/test_guards.py::test_refused_handlers_do_not_run",
    ),
    Breakage(
        law="one grant covers one requirement",
        what="one role taken for all of them",
        file="authcore/roles.py",
        before="return all(name in roles for name in self.all_of) if self.all_of",
        after="return any(name in roles for name in self.all_of) if self.all_of",
        caught_by="core/test_role_requirements.py::test_all_and_any_mean_all_and_any",
    ),
]

OPERATORS = [
    Breakage(
        law="an operator's word is taken or refused",
        what="name in the environment that nothing reads ignored",
        file="authcore/environment.py",
        before="problems = [_unknown(name, known, prefix) for name in sorted(given.keys() - known)]",
        after="problems = []",
        caught_by="core/test_environment.py::test_unknown_names_are_refused",
    ),
    Breakage(
        law="an operator's word is taken or refused",
        what="stranger's account taken for the first administrator's",
        file="authcore/bootstrap.py",
        before="claim.identifier.account_id is not None:",
        after="claim.identifier.proven_at is not None:",
        caught_by="core/test_bootstrap.py::test_held_names_are_refused",
    ),
    Breakage(
        law="an operator's word is taken or refused",
        what="first administrator made at every start",
        file="authcore/bootstrap.py",
        before="if done is not None:",
        after="if done is not None and email.identifier is None:",
        caught_by="core/test_bootstrap.py::test_what_was_done_is_not_done_again",
    ),
    Breakage(
        law="an operator's word is taken or refused",
        what="account imported over whoever holds its name unproven",
        file="authcore/imported_accounts.py",
        before="claim.identifier is not None and claim.identifier.account_id is not None",
        after="claim.holder is not None and claim.holder.verified_at is not None",
        caught_by="core/test_imported_accounts.py::test_held_name_stands_in_the_way",
    ),
    Breakage(
        law="an operator's word is taken or refused",
        what="role imported with another meaning",
        file="authcore/imported_accounts.py",
        before="role.permissions == definition.permissions and",
        after="role.id == definition.name and",
        caught_by="core/test_imported_accounts.py::test_other_role_is_never_changed",
    ),
    Breakage(
        law="an operator's word is taken or refused",
        what="another importer's account taken for a stranger's",
        file="authcore/auth/imports.py",
        before="                done=await work.get(marked),",
        after="                done=done,",
        caught_by="flows/test_imports.py::test_law_holds_in_every_order[of two importers one imports a record]",
    ),
]

BREAKAGES = (
    *ONE_COMMIT,
    *STORES,
    *TRANSACTIONS,
    *REFUSALS,
    *PORTS,
    *ONE_GATE,
    *ROTATION,
    *CODES,
    *CAPTCHAS,
    *TOKENS,
    *STRANGERS,
    *OCTETS,
    *ORIGINS,
    *PERMISSIONS,
    *OPERATORS,
)
