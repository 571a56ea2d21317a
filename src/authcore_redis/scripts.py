"""What a store has its server do, each in one script: nothing else runs meanwhile, so that each is atomic.

Documents pass through as they are.  Versions are compared as text.  No script decodes either, or computes with them.
"""

from dataclasses import dataclass, field
from hashlib import sha1
from typing import Final

__all__ = ["CALLER", "COMMIT", "FIND", "GET", "PAGE", "Script"]


@dataclass(frozen=True, slots=True)
class Script:
    """A script.  A server that has run it once knows it by its digest; what only reads cannot write by mistake."""

    source: str
    only_reads: bool = True
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """Digest the source."""
        object.__setattr__(self, "digest", sha1(self.source.encode(), usedforsecurity=False).hexdigest())

    @property
    def by_digest(self) -> str:
        """The command that runs it by its digest."""
        return "EVALSHA_RO" if self.only_reads else "EVALSHA"

    @property
    def by_source(self) -> str:
        """The command that runs it by its source."""
        return "EVAL_RO" if self.only_reads else "EVAL"


_BEGINNING: Final = r"""
local format = redis.call('GET', KEYS[1])
if format and format ~= ARGV[1] then
  return redis.error_reply('AUTHCOREFORMAT ' .. format)
end

-- The texts of an entity: each begins with an equals sign, or is empty where there is none.
local function texts(values)
  local found = {}
  for text in string.gmatch((values or '') .. '\0', '([^%z]*)%z') do
    found[#found + 1] = text
  end
  return found
end

-- The documents of ids, in order; an id without one is passed over.
local function documents(key, ids)
  local found = {}
  for first = 1, #ids, 1000 do  -- Lua's stack has room for some thousands
    local some = redis.call('HMGET', key, unpack(ids, first, math.min(first + 999, #ids)))
    for place = 1, #some do
      if some[place] then found[#found + 1] = some[place] end
    end
  end
  return found
end
"""

GET: Final = Script(
    _BEGINNING
    + r"""
-- KEYS: format, documents.  ARGV: format, id.
return documents(KEYS[2], {ARGV[2]})
""",
)

FIND: Final = Script(
    _BEGINNING
    + r"""
-- KEYS: format, documents, index.  ARGV: format, value, how many to skip, how many at most, or -1, and what comes
-- just before the first: a value, a zero, and an id, of which the members of an index consist.
local value, skip, limit = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local first = redis.call('ZLEXCOUNT', KEYS[3], '-', ARGV[5])
local count = redis.call('ZLEXCOUNT', KEYS[3], '-', '(' .. value .. '\1') - first - skip
if limit >= 0 and count > limit then count = limit end
if count <= 0 then return {} end
local ids = redis.call('ZRANGE', KEYS[3], first + skip, first + skip + count - 1)
for place = 1, #ids do ids[place] = string.sub(ids[place], #value + 2) end
return documents(KEYS[2], ids)
""",
)

PAGE: Final = Script(
    _BEGINNING
    + r"""
-- KEYS: format, documents, index.  ARGV: format, where to begin, where to end, how many at most, and how many octets
-- of a member stand before its id.
local ids = redis.call('ZRANGE', KEYS[3], ARGV[2], ARGV[3], 'BYLEX', 'LIMIT', 0, ARGV[4])
for place = 1, #ids do ids[place] = string.sub(ids[place], ARGV[5] + 1) end
return documents(KEYS[2], ids)
""",
)

CALLER: Final = Script(
    _BEGINNING
    + r"""
-- KEYS: format; sessions' documents and values; accounts' documents; grants' documents, values and index; roles'
-- documents.  ARGV: format, id of a session.
local session = redis.call('HGET', KEYS[2], ARGV[2])
local owner = texts(redis.call('HGET', KEYS[3], ARGV[2]))[1]
if not session then return '[0,0,0]' end
if owner == '' then return '[1,0,0,' .. session .. ']' end
owner = string.sub(owner, 2)
local grants, roles = {}, {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[7], '[' .. owner .. '\0', '(' .. owner .. '\1', 'BYLEX')) do
  local id = string.sub(member, #owner + 2)
  local role = texts(redis.call('HGET', KEYS[6], id))[2] or ''
  local grant = redis.call('HGET', KEYS[5], id)
  if grant and role ~= '' then
    grants[#grants + 1] = grant
    roles[#roles + 1] = redis.call('HGET', KEYS[8], string.sub(role, 2)) or nil
  end
end
local account = redis.call('HGET', KEYS[4], owner)
-- One text: many small answers take a client long to read.  None of the documents is looked into for that, so that it
-- begins with how many there are: whatever a document holds cannot pass for one that is absent.
local told = {account and 2 or 1, #grants, #roles, session}
if account then told[5] = account end
for _, grant in ipairs(grants) do told[#told + 1] = grant end
for _, role in ipairs(roles) do told[#told + 1] = role end
return '[' .. table.concat(told, ',') .. ']'
""",
)

COMMIT: Final = Script(
    _BEGINNING
    + r"""
-- KEYS: format; of each kind: documents, versions, values, ids, indexes.  ARGV: format; of each entity eight: what to
-- do, where the keys of its kind begin, how many indexes there are, id, version; next version, document, values.
-- The answer is 1 if all was done, and 0 if nothing.
local function index(command, place, count, id, values)
  local found = texts(values)
  for number = 1, count do
    local text = found[number] or ''
    if text ~= '' then
      local member = string.sub(text, 2) .. '\0' .. id
      if command == 'ZADD' then
        redis.call('ZADD', KEYS[place + 3 + number], 0, member)
      else
        redis.call('ZREM', KEYS[place + 3 + number], member)
      end
    end
  end
end

-- An error amid the writes would leave half of them: a key that is none of ours has to show before.
local function probe(place, count)
  for hash = 0, 2 do redis.call('HLEN', KEYS[place + hash]) end
  for number = 0, count do redis.call('ZCARD', KEYS[place + 3 + number]) end
end

local probed = {}
for at = 2, #ARGV, 8 do
  local place = tonumber(ARGV[at + 1])
  if not probed[place] then probe(place, tonumber(ARGV[at + 2])) end
  probed[place] = true
  if (redis.call('HGET', KEYS[place + 1], ARGV[at + 3]) or '0') ~= ARGV[at + 4] then return 0 end
end

if not format then redis.call('SET', KEYS[1], ARGV[1]) end
for at = 2, #ARGV, 8 do
  local task, place, count, id = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3]
  local values = ARGV[at + 7]
  if task ~= 'check' then
    local before = redis.call('HGET', KEYS[place + 2], id)
    if before ~= values then index('ZREM', place, count, id, before) end
    if task == 'remove' then
      for hash = 0, 2 do redis.call('HDEL', KEYS[place + hash], id) end
      redis.call('ZREM', KEYS[place + 3], id)
    else
      redis.call('HSET', KEYS[place], id, ARGV[at + 6])
      redis.call('HSET', KEYS[place + 1], id, ARGV[at + 5])
      redis.call('HSET', KEYS[place + 2], id, values)
      redis.call('ZADD', KEYS[place + 3], 0, id)
      if before ~= values then index('ZADD', place, count, id, values) end
    end
  end
end
return 1
""",
    only_reads=False,
)
