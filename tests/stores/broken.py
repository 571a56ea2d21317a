"""Stores that are wrong on purpose, each in one way that real ones know.  The contract must catch every one of them."""
# ruff: noqa: D102  what a method does wrong is told by its class

import unicodedata
from dataclasses import fields, replace
from datetime import datetime

from anyio.lowlevel import checkpoint

from authcore.entities import Account, Grant
from authcore.errors import Conflict, StoreFault
from authcore.memory import MemoryStore
from authcore.ports import Caller


def version_of(kept, entity):
    """The version at which an entity is kept, 0 for none."""
    return kept[type(entity), entity.id].version if (type(entity), entity.id) in kept else 0


class KeyedStore(MemoryStore):
    """Takes some ids and owners for others, by `spelt`: its subclasses say how."""

    @staticmethod
    def spelt(name):
        """The name under which a name is kept."""
        return name

    def _respelt(self, entity):
        owner = getattr(entity, entity.OWNER) if entity.OWNER else None
        owned = {entity.OWNER: self.spelt(owner)} if owner is not None else {}
        return replace(entity, id=self.spelt(entity.id), **owned)

    async def find(self, key, /):
        return await super().find(replace(key, value=self.spelt(key.value)))

    async def commit(self, writes, unchanged=()):
        await super().commit([*map(self._respelt, writes)], [*map(self._respelt, unchanged)])


class CaseFoldingStore(KeyedStore):
    """Compares as MariaDB does by default: `Ada` is `ada`."""

    breaks = (
        "ids_that_look_alike_are_different",
        "owners_that_look_alike_are_different",
        "agrees_with_a_store_in_memory",
    )

    @staticmethod
    def spelt(name):
        return name.casefold()


class TrimmingStore(KeyedStore):
    """Compares as a padded CHAR: trailing spaces do not count."""

    breaks = ("ids_that_look_alike_are_not_found_for_each_other", "agrees_with_a_store_in_memory")

    @staticmethod
    def spelt(name):
        return name.rstrip(" ")


class NormalisingStore(KeyedStore):
    """Normalises what was composed differently."""

    breaks = ("caller_compares_exactly",)

    @staticmethod
    def spelt(name):
        return unicodedata.normalize("NFC", name)


class CuttingStore(KeyedStore):
    """Cuts what is longer than its column."""

    breaks = ("longest_owner_is_found",)

    @staticmethod
    def spelt(name):
        return name[:255]


class BlindStore(MemoryStore):
    """Ignores versions: the last one wins."""

    breaks = ("old_version_conflicts", "of_two_writers_one_wins", "agrees_with_a_store_in_memory")

    async def commit(self, writes, unchanged=()):
        await super().commit([replace(e, version=version_of(self._kept, e)) for e in writes], unchanged)


class UpsertingStore(MemoryStore):
    """Checks updates, but inserts over what is there."""

    breaks = (
        "insert_of_a_stored_id_conflicts",
        "insert_conflicts_after_an_update_too",
        "refused_insert_leaves_no_trace",
    )

    async def commit(self, writes, unchanged=()):
        await super().commit(
            [e if e.version else replace(e, version=version_of(self._kept, e)) for e in writes], unchanged
        )


class LenientStore(MemoryStore):
    """Refuses what is older than it should be, and takes what is newer."""

    breaks = ("version_from_the_future_conflicts", "unchanged_conflicts_if_from_the_future")

    def _version(self, entity):
        kept = super()._version(entity)
        return max(kept, entity.version)


class ForgivingStore(MemoryStore):
    """Inserts what claims to be stored and is not."""

    breaks = ("update_of_what_was_never_stored_conflicts", "unchanged_conflicts_if_never_stored")

    def _version(self, entity):
        return super()._version(entity) or entity.version


class LaggingStore(MemoryStore):
    """Stores everything at the version that it carries."""

    breaks = ("what_was_never_stored_becomes_version_one",)

    def _keep(self, entity):
        super()._keep(entity)
        self._kept[type(entity), entity.id] = entity


class StandingStore(MemoryStore):
    """Does not raise versions after the first."""

    breaks = ("update_raises_the_version_by_one",)

    def _keep(self, entity):
        super()._keep(entity)
        kept = self._kept[type(entity), entity.id]
        self._kept[type(entity), entity.id] = replace(kept, version=min(kept.version, 2))


class MergingStore(MemoryStore):
    """Keeps a value where an update has none."""

    breaks = ("update_replaces_every_field",)

    def _keep(self, entity):
        kept = self._kept.get((type(entity), entity.id))
        if kept is not None:
            absent = [field.name for field in fields(entity) if getattr(entity, field.name) is None]
            entity = replace(entity, **{name: getattr(kept, name) for name in absent})
        super()._keep(entity)


class TornStore(MemoryStore):
    """Stores what stands before the entity that conflicts."""

    breaks = (
        "refused_middle_entity_leaves_no_trace",
        "refused_last_entity_leaves_no_trace",
        "many_entities_are_refused_as_one",
    )

    async def commit(self, writes, unchanged=()):
        await super().commit([], unchanged)
        for entity in writes:
            await super().commit([entity])


class TornByKindStore(MemoryStore):
    """Commits each kind by itself, as a store of several files may."""

    breaks = ("refused_kind_leaves_no_trace_in_another",)

    async def commit(self, writes, unchanged=()):
        await super().commit([], unchanged)
        for kind in dict.fromkeys(map(type, writes)):
            await super().commit([entity for entity in writes if type(entity) is kind])


def _own(store, entity, owner):
    owned = store._owned.setdefault((type(entity), entity.OWNER, owner), [])  # noqa: SLF001  what these stores are wrong about
    owned[:] = sorted({*owned, entity.id})


class TornIndexStore(MemoryStore):
    """Tells an owner what it owns before it is sure to be stored."""

    breaks = ("refused_commit_moves_nothing_to_another_owner", "changed_entity_leaves_no_trace_among_owners")

    async def commit(self, writes, unchanged=()):
        try:
            await super().commit(writes, unchanged)
        except Conflict:
            for entity in writes:
                owner = getattr(entity, entity.OWNER) if entity.OWNER else None
                if owner is not None:
                    _own(self, entity, owner)
            raise


class HauntedStore(MemoryStore):
    """Forgets what was removed by its id, and still lists it for its owner."""

    breaks = ("removed_is_found_no_more",)

    async def find(self, key, /):
        removed = [entity for entity in self.__dict__.get("gone", ()) if type(entity) is key.kind]
        listed = [entity for entity in removed if key.field != "id" and getattr(entity, key.field) == key.value]
        return [*await super().find(key), *listed]

    async def remove(self, removed, writes=(), unchanged=()):
        await super().remove(removed, writes, unchanged)
        self.gone = tuple(removed)


class GravestoneStore(MemoryStore):
    """Marks what was removed as deleted, so that its id stays taken."""

    breaks = ("removed_id_begins_anew",)

    async def remove(self, removed, writes=(), unchanged=()):
        await super().commit([*writes, *(replace(each, deleted_at=each.created_at) for each in removed)], unchanged)


class ForgetfulStore(MemoryStore):
    """Removes, and forgets to write."""

    breaks = ("removal_and_writes_are_one",)

    async def remove(self, removed, writes=(), unchanged=()):
        await super().remove(removed, (), [*unchanged, *(each for each in writes if each.version)])


class BlindlyRemovingStore(MemoryStore):
    """Removes whatever has the id, at any version."""

    breaks = ("removal_of_another_version_conflicts",)

    async def remove(self, removed, writes=(), unchanged=()):
        found = [replace(each, version=version_of(self._kept, each)) for each in removed]
        await super().remove(found, writes, unchanged)


class EasygoingStore(MemoryStore):
    """Passes over what is gone already."""

    breaks = ("removal_of_what_is_not_there_conflicts",)

    async def remove(self, removed, writes=(), unchanged=()):
        await super().remove([each for each in removed if version_of(self._kept, each)], writes, unchanged)


class TornRemovalStore(MemoryStore):
    """Removes one after the other, and keeps what it has done before the first conflict."""

    breaks = ("refused_removal_removes_nothing",)

    async def remove(self, removed, writes=(), unchanged=()):
        for entity in removed:
            await super().remove([entity])
        await super().commit(writes, unchanged)


class SweepingStore(MemoryStore):
    """Removes what it was told to leave unchanged."""

    breaks = ("removal_leaves_the_unchanged_alone",)

    async def remove(self, removed, writes=(), unchanged=()):
        await super().remove([*removed, *unchanged], writes)


class YoungestFirstStore(MemoryStore):
    """Lists what is old by id."""

    breaks = ("what_is_old_is_listed_oldest_first", "list_of_what_is_old_goes_on")

    async def aged(self, kind, /, *, before, after=None, limit):
        old = await super().aged(kind, before=before, limit=1000)
        return sorted((each for each in old if after is None or each.id > after.id), key=lambda each: each.id)[:limit]


class OneDateStore(MemoryStore):
    """Takes the day on which something was stored for its age, whatever it is."""

    breaks = ("what_is_old_is_listed_by_its_own_field",)

    async def aged(self, kind, /, *, before, after=None, limit):
        kept = [each for (of, _), each in self._kept.items() if of is kind and each.created_at < before]
        return sorted(kept, key=lambda each: (each.created_at, each.id))[:limit]


class SkippingStore(MemoryStore):
    """Goes on after the age of what was listed last, and leaves out what is as old."""

    breaks = ("list_of_what_is_old_goes_on",)

    async def aged(self, kind, /, *, before, after=None, limit):
        old = await super().aged(kind, before=before, limit=1000)
        reached = None if after is None else getattr(after, kind.DATED)
        return [each for each in old if reached is None or getattr(each, kind.DATED) > reached][:limit]


class RememberingStore(MemoryStore):
    """Goes on listing what was removed."""

    breaks = ("what_is_removed_is_not_old",)

    async def aged(self, kind, /, *, before, after=None, limit):
        return [*self.__dict__.get("gone", ()), *await super().aged(kind, before=before, after=after, limit=limit)]

    async def remove(self, removed, writes=(), unchanged=()):
        await super().remove(removed, writes, unchanged)
        self.gone = tuple(removed)


class LateStore(MemoryStore):
    """Stores, then looks whether it should have."""

    breaks = ("refused_first_entity_leaves_no_trace",)

    async def commit(self, writes, unchanged=()):
        conflict = any(self._version(entity) != entity.version for entity in (*writes, *unchanged))
        for entity in writes:
            self._keep(entity)
        if conflict:
            raise Conflict


class StuckStore(MemoryStore):
    """Fails for good after its first conflict, as a connection whose transaction was not ended."""

    breaks = ("store_works_on_after_a_conflict",)

    stuck = False

    async def commit(self, writes, unchanged=()):
        if self.stuck:
            raise StoreFault
        try:
            await super().commit(writes, unchanged)
        except Conflict:
            self.stuck = True
            raise


class OneKindStore(MemoryStore):
    """Stores the entities of the first kind in a commit, and forgets the others."""

    breaks = ("commit_may_insert_and_update_several_kinds",)

    async def commit(self, writes, unchanged=()):
        await super().commit([entity for entity in writes if type(entity) is type(next(iter(writes)))], unchanged)


class UnguardedStore(MemoryStore):
    """Ignores what must be unchanged."""

    breaks = ("unchanged_conflicts_after_a_change", "unchanged_stops_write_skew")

    async def commit(self, writes, unchanged=()):
        await super().commit(writes)


class HalfGuardedStore(MemoryStore):
    """Looks at the last of those that must be unchanged only."""

    breaks = ("unchanged_guards_every_entity",)

    async def commit(self, writes, unchanged=()):
        await super().commit(writes, [*unchanged][-1:])


class SuspiciousStore(MemoryStore):
    """Takes what must be unchanged for something to be inserted."""

    breaks = ("unchanged_lets_pass_what_is_as_it_was",)

    async def commit(self, writes, unchanged=()):
        await super().commit(writes, [replace(entity, version=0) for entity in unchanged])


class HastyStore(MemoryStore):
    """Takes a commit without writes for one without a purpose."""

    breaks = ("commit_without_writes_still_checks",)

    async def commit(self, writes, unchanged=()):
        if writes:
            await super().commit(writes, unchanged)


class TouchingStore(MemoryStore):
    """Guards what must be unchanged by writing it again."""

    breaks = ("unchanged_is_not_written",)

    async def commit(self, writes, unchanged=()):
        await super().commit([*writes, *unchanged])


class DemandingStore(MemoryStore):
    """Wants something to write."""

    breaks = ("empty_commit_does_nothing",)

    async def commit(self, writes, unchanged=()):
        if not writes and not unchanged:
            raise StoreFault
        await super().commit(writes, unchanged)


class IndexingStore(MemoryStore):
    """Wants lists."""

    breaks = ("any_collection_will_do",)

    async def commit(self, writes, unchanged=()):
        await super().commit(writes[:], unchanged[:])


class SmallStore(MemoryStore):
    """Stores a hundred entities of a commit, and forgets the others."""

    breaks = ("many_entities_fit_in_one_commit",)

    async def commit(self, writes, unchanged=()):
        await super().commit([*writes][:100], unchanged)


class OneTableStore(MemoryStore):
    """Keeps all kinds under one set of ids."""

    breaks = ("kinds_do_not_share_ids", "unchanged_tells_kinds_apart")

    def _version(self, entity):
        return max((kept.version for (_, name), kept in self._kept.items() if name == entity.id), default=0)


class MixingOwnersStore(MemoryStore):
    """Finds what an owner owns, of whatever kind."""

    breaks = ("owner_finds_only_its_own", "kinds_do_not_share_ids")

    async def find(self, key, /):
        if key.field == "id":
            return await super().find(key)
        owned = {name for (_, _, owner), names in self._owned.items() if owner == key.value for name in names}
        return [kept for (_, name), kept in sorted(self._kept.items(), key=lambda item: item[0][1]) if name in owned]


class GuessingStore(MemoryStore):
    """Raises where there is nothing."""

    breaks = (
        "unknown_id_finds_nothing",
        "unknown_owner_finds_nothing",
        "get_gives_one_or_none",
        "caller_of_an_unknown_session",
    )

    async def find(self, key, /):
        found = await super().find(key)
        if not found:
            raise StoreFault
        return found


class EncodingStore(MemoryStore):
    """Encodes names as they come."""

    breaks = ("impossible_names_find_nothing",)

    async def find(self, key, /):
        key.value.encode()
        return await super().find(key)


class NulStore(KeyedStore):
    """Reads a name up to its first NUL, as C does."""

    breaks = ("impossible_names_find_nothing",)

    @staticmethod
    def spelt(name):
        return name.split("\0")[0]


class PrefixStore(MemoryStore):
    """Finds all ids that begin with the one that is sought."""

    breaks = ("id_finds_only_its_own",)

    async def find(self, key, /):
        if key.field != "id":
            return await super().find(key)
        return [kept for (kind, name), kept in self._kept.items() if kind is key.kind and name.startswith(key.value)]


class PatternStore(MemoryStore):
    """Takes an id for a pattern where nothing has that very id."""

    breaks = ("ids_that_look_alike_are_not_found_for_each_other",)

    async def find(self, key, /):
        if key.field != "id" or key.value not in {"%", "*"}:
            return await super().find(key)
        return [kept for (kind, _), kept in self._kept.items() if kind is key.kind]


class UnorderedStore(MemoryStore):
    """Finds what it stored last first."""

    breaks = ("found_in_order_of_id", "caller_has_grants_in_order_with_their_roles")

    async def find(self, key, /):
        found = [*await super().find(replace(key, limit=None))]
        return found[::-1][: key.limit]


class Utf16Store(MemoryStore):
    """Orders by UTF-16, as some languages do."""

    breaks = ("found_in_order_of_id",)

    async def find(self, key, /):
        found = await super().find(replace(key, limit=None))
        return sorted(found, key=lambda entity: entity.id.encode("utf-16-be"))[: key.limit]


class EndlessStore(MemoryStore):
    """Ignores limits."""

    breaks = ("limit_finds_the_first",)

    async def find(self, key, /):
        return await super().find(replace(key, limit=None))


class ImpatientStore(MemoryStore):
    """Counts what is left out among what the limit allows."""

    breaks = ("skip_leaves_the_first_out",)

    async def find(self, key, /):
        found = await super().find(replace(key, skip=0))
        return found[key.skip :]


class StartingOverStore(MemoryStore):
    """Begins each page of an owner's with the first."""

    breaks = ("after_goes_on_from_any_id",)

    async def find(self, key, /):
        return await super().find(replace(key, after=None))


class CountingAgainStore(MemoryStore):
    """Counts what is left out among what came before the page."""

    breaks = ("after_goes_on_from_any_id",)

    async def find(self, key, /):
        found = await super().find(replace(key, after=None))
        return [each for each in found if key.after is None or each.id > key.after]


class ClingingStore(MemoryStore):
    """Leaves an entity with its former owners."""

    breaks = ("new_owner_finds_what_moved", "released_entity_may_be_claimed")

    def _keep(self, entity):
        owned = {owner: [*names] for owner, names in self._owned.items()}
        super()._keep(entity)
        for owner, names in owned.items():
            self._owned[owner] = sorted({*self._owned[owner], *names})


class ForgetfulFieldsStore(MemoryStore):
    """Keeps an entity under its owner only, and sees nothing of the other fields that it is found by."""

    breaks = ("every_field_finds_its_own",)

    async def find(self, key, /):
        known = key.field in {"id", key.kind.OWNER}
        return await super().find(key) if known else []


class ByteOrderStore(MemoryStore):
    """Lists in an order of its own, and so leaves something out between two pages."""

    breaks = ("pages_list_everything_once",)

    async def page(self, kind, /, *, beginning="", after=None, limit):
        kept = sorted((name for of, name in self._kept if of is kind), key=lambda name: (name.casefold(), name))
        meant = [name for name in kept if name.startswith(beginning)]
        return [self._kept[kind, name] for name in meant if after is None or name > after][:limit]


class NamedPagesStore(MemoryStore):
    """Takes the empty name for the beginning."""

    breaks = ("first_page_begins_with_the_first",)

    async def page(self, kind, /, *, beginning="", after=None, limit):
        return await super().page(kind, beginning=beginning, after=after or "", limit=limit)


class BookmarkingStore(MemoryStore):
    """Goes on from an entity, and loses its place where there is none."""

    breaks = ("page_goes_on_from_what_is_gone",)

    async def page(self, kind, /, *, beginning="", after=None, limit):
        known = after is None or (kind, after) in self._kept
        return await super().page(kind, beginning=beginning, after=after, limit=limit) if known else []


class FoldingPagesStore(MemoryStore):
    """Takes capitals for small letters where a page begins."""

    breaks = ("page_has_only_what_begins_so",)

    async def page(self, kind, /, *, beginning="", after=None, limit):
        kept = await super().page(kind, after=after, limit=1000)
        return [entity for entity in kept if entity.id.lower().startswith(beginning.lower())][:limit]


class FilteringPagesStore(MemoryStore):
    """Looks at the beginning of what is on a page already, and so leaves something out."""

    breaks = ("page_has_only_what_begins_so",)

    async def page(self, kind, /, *, beginning="", after=None, limit):
        kept = await super().page(kind, after=after, limit=limit)
        return [entity for entity in kept if entity.id.startswith(beginning)]


class DemandingPagesStore(MemoryStore):
    """Fails over a beginning that it cannot encode."""

    breaks = ("nothing_begins_as_nothing_can",)

    async def page(self, kind, /, *, beginning="", after=None, limit):
        beginning.encode()
        return await super().page(kind, beginning=beginning, after=after, limit=limit)


class NullOwnerStore(MemoryStore):
    """Finds what nobody owns for the empty text."""

    breaks = ("no_owner_is_found_by_nobody",)

    def _keep(self, entity):
        super()._keep(entity)
        if entity.OWNER and getattr(entity, entity.OWNER) is None:
            _own(self, entity, "")


class NoEmptyOwnerStore(MemoryStore):
    """Takes the empty text for nobody."""

    breaks = ("empty_owner_is_an_owner",)

    async def find(self, key, /):
        return await super().find(key) if key.value else []


class HidingStore(MemoryStore):
    """Hides what is deleted."""

    breaks = ("deleted_entities_are_found",)

    async def find(self, key, /):
        return [entity for entity in await super().find(key) if entity.deleted_at is None]


class ResurrectingStore(MemoryStore):
    """Lets go of the id of what is deleted."""

    breaks = ("deleted_id_stays_taken", "deleted_entity_may_come_back")

    def _version(self, entity):
        kept = self._kept.get((type(entity), entity.id))
        return 0 if kept is None or kept.deleted_at is not None else kept.version


class LivingStore(MemoryStore):
    """Gives out the very list that it will change."""

    breaks = ("found_stays_as_it_was_found",)

    def __init__(self):
        super().__init__()
        self._answers = {}

    async def find(self, key, /):
        answer = self._answers.setdefault(key, [])
        answer[:] = await super().find(key)
        return answer


class CachingStore(MemoryStore):
    """Remembers what it found."""

    breaks = ("commit_is_seen_at_once",)

    def __init__(self):
        super().__init__()
        self._answers = {}

    async def find(self, key, /):
        found = await super().find(key)
        return self._answers.setdefault(key, found) if found else found


class StaleCallerStore(MemoryStore):
    """Remembers who called."""

    breaks = ("caller_sees_the_last_commit",)

    def __init__(self):
        super().__init__()
        self._callers = {}

    async def caller(self, session_id, /):
        if session_id not in self._callers:
            self._callers[session_id] = await super().caller(session_id)
        return self._callers[session_id]


class CallingStore(MemoryStore):
    """Answers `caller` in its own way; its subclasses say what is wrong with it."""

    async def caller(self, session_id, /):
        return self.told(await super().caller(session_id))


class InnerJoinStore(CallingStore):
    """Joins inwardly: no session without an account, a grant and a role."""

    breaks = ("caller_without_an_account", "caller_without_grants", "caller_whose_account_is_missing")

    @staticmethod
    def told(caller):
        return caller if caller.account and caller.roles else Caller()


class RoleJoinStore(CallingStore):
    """Joins grants and roles inwardly: no grant without its role."""

    breaks = ("caller_keeps_grants_of_missing_roles",)

    @staticmethod
    def told(caller):
        known = {role.id for role in caller.roles}
        return replace(caller, grants=[grant for grant in caller.grants if grant.role in known])


class DistinctRolesStore(CallingStore):
    """Tells each role once."""

    breaks = ("caller_has_a_role_as_often_as_it_was_granted",)

    @staticmethod
    def told(caller):
        return replace(caller, roles=list({role.id: role for role in caller.roles}.values()))


class SortedRolesStore(CallingStore):
    """Tells roles in order of their own ids."""

    breaks = ("caller_has_grants_in_order_with_their_roles",)

    @staticmethod
    def told(caller):
        return replace(caller, roles=sorted(caller.roles, key=lambda role: role.id))


class JudgingStore(CallingStore):
    """Decides by itself that an ended session has no caller."""

    breaks = ("caller_keeps_what_is_deleted",)

    @staticmethod
    def told(caller):
        return Caller() if caller.session and caller.session.ended_at else caller


class GenerousStore(MemoryStore):
    """Tells withdrawn grants, too."""

    breaks = ("caller_lost_withdrawn_grants",)

    async def caller(self, session_id, /):
        deleted = {name: kept for name, kept in self._kept.items() if kept.deleted_at and name[0] is Grant}
        self._kept |= {name: replace(kept, deleted_at=None) for name, kept in deleted.items()}
        try:
            return await super().caller(session_id)
        finally:
            self._kept |= deleted


class AnonymousOwnerStore(MemoryStore):
    """Takes a session without an account for one of the account whose id is empty, or any."""

    breaks = ("caller_without_an_account",)

    async def caller(self, session_id, /):
        caller = await super().caller(session_id)
        if caller.session is None or caller.session.account_id is not None:
            return caller
        return replace(caller, account=next((e for e in self._kept.values() if isinstance(e, Account)), None))


class ChangingStore(MemoryStore):
    """Changes values on their way in; its subclasses say which."""

    def _keep(self, entity):
        super()._keep(replace(entity, **{f.name: self.kept(getattr(entity, f.name)) for f in fields(entity)[1:]}))


class RoundingStore(ChangingStore):
    """Drops microseconds."""

    breaks = ("microseconds_are_kept", "every_entity_is_kept")

    @staticmethod
    def kept(value):
        return value.replace(microsecond=0) if isinstance(value, datetime) else value


class UnixTimeStore(ChangingStore):
    """Knows no time before 1970."""

    breaks = ("every_time_is_kept",)

    @staticmethod
    def kept(value):
        return value.replace(year=1970) if isinstance(value, datetime) and value.year < 1970 else value


class FloatingStore(ChangingStore):
    """Keeps numbers as floats."""

    breaks = ("integers_of_64_bits_are_kept",)

    @staticmethod
    def kept(value):
        return min(int(float(value)), 2**63 - 1) if type(value) is int else value


class NumberedTruthStore(ChangingStore):
    """Gives back 1 for True."""

    breaks = ("truth_is_kept",)

    @staticmethod
    def kept(value):
        return int(value) if isinstance(value, bool) else value


class OracleStore(ChangingStore):
    """Takes the empty text for nothing, and nothing for the empty text."""

    breaks = ("nothing_is_not_the_empty_text",)

    @staticmethod
    def kept(value):
        return None if value == "" else value


class SplittingStore(ChangingStore):
    """Keeps a tuple as text with commas."""

    breaks = ("items_are_kept_exactly",)

    @staticmethod
    def kept(value):
        return tuple(",".join(value).split(",")) if isinstance(value, tuple) else value


class BasicPlaneStore(ChangingStore):
    """Keeps characters of three bytes at most, as MySQL's utf8 did."""

    breaks = ("texts_are_kept_exactly",)

    @staticmethod
    def kept(value):
        return "".join(c if c < "\U00010000" else "?" for c in value) if isinstance(value, str) else value


class ShortTextStore(ChangingStore):
    """Cuts long texts."""

    breaks = ("longest_values_are_kept",)

    @staticmethod
    def kept(value):
        return value[:200] if type(value) is str else value


class RacingStore(MemoryStore):
    """Looks, waits, and stores what was right before."""

    breaks = ("of_many_claims_one_wins", "no_update_is_lost")

    async def commit(self, writes, unchanged=()):
        await super().commit([], [*writes, *unchanged])
        await checkpoint()
        await super().commit([replace(entity, version=version_of(self._kept, entity)) for entity in writes])


class SkewedStore(MemoryStore):
    """Looks at what must be unchanged, waits, and then writes at the right versions."""

    breaks = ("unchanged_stops_write_skew",)

    async def commit(self, writes, unchanged=()):
        await super().commit([], unchanged)
        await checkpoint()
        await super().commit(writes)


class CrawlingStore(MemoryStore):
    """Stores one entity after the other, and may be seen or cancelled between them."""

    breaks = ("cancelled_commit_leaves_all_or_nothing", "nobody_sees_half_a_commit")

    async def commit(self, writes, unchanged=()):
        await super().commit([], [*writes, *unchanged])
        for entity in writes:
            await checkpoint()
            self._keep(entity)


class JealousStore(MemoryStore):
    """Lets one commit in at a time, and refuses all others for good."""

    breaks = ("strangers_all_get_through",)

    busy = False
    offended = False

    async def commit(self, writes, unchanged=()):
        if self.busy or self.offended:
            self.offended = True
            raise Conflict
        self.busy = True
        await checkpoint()
        self.busy = False
        await super().commit(writes, unchanged)


BROKEN = tuple(store for store in globals().values() if isinstance(store, type) and "breaks" in vars(store))
"""Every store that names laws which it breaks."""
