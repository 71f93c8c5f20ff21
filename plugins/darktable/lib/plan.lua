--- What to set on a photo, and whose a value is: the rules that keep a human's word. Pure.

local here = (...):match("^(.*[./])")
local tsv = require(here .. "tsv")

local plan = {}

local function set_of(list)
  local set = {}
  for _, each in ipairs(list) do
    set[each] = true
  end
  return set
end

local function sorted(set)
  local list = {}
  for each in pairs(set) do
    list[#list + 1] = each
  end
  table.sort(list)
  return list
end

--- Tell whether the stars in darktable are nobody's, or the agent's own.
---
--- `initial` is what darktable gives every photo at import: nothing in darktable tells it from a human's, but the agent
--- may know of one. What the agent wrote is its own until somebody changes it, also to nothing. Where it wrote into a
--- sidecar after the import, darktable has never read that (`stars_unread`), and shows what it had before.
function plan.free(row, rating, initial)
  if row.human == "1" then
    return false
  end
  local untouched = rating == 0 or rating == initial
  local written = tonumber(row.stars_written)
  if written == nil then
    return untouched
  end
  return rating == written or (row.stars_unread == "1" and untouched)
end

--- Return which keywords to attach: those wanted, but for what a human took off. And which to detach: those of the
--- agent's that are no longer wanted.
local function keywords(wanted, written, tags)
  local attach, detach, is_wanted = {}, {}, set_of(wanted)
  for _, name in ipairs(wanted) do
    if not tags[name] and not written[name] then
      attach[#attach + 1] = name
    end
  end
  for name in pairs(written) do
    if tags[name] and not is_wanted[name] then
      detach[#detach + 1] = name
    end
  end
  table.sort(detach)
  return attach, detach
end

--- Return the agent's keywords after some were attached and detached for it: also those that a human took off since,
--- so that they are not attached again.
local function owned(written, attach, detach)
  local set = set_of(written)
  for _, name in ipairs(attach) do
    set[name] = true
  end
  for _, name in ipairs(detach) do
    set[name] = nil
  end
  return sorted(set)
end

--- Given the agent's row and what darktable shows (`rating`, `tags` as a set, `initial` rating), return what to do:
--- `rating` to set or nil, names to `attach` and to `detach`. And what to tell the agent: `stars` of its own that are
--- there then, `human` = those that a human gave in their place, `keywords` of its own. `kept` is true if a human's
--- stars stand where others are suggested.
---
--- `may_rate` tells whether stars may be set at all.
function plan.changes(row, seen, may_rate)
  local suggested, written = tonumber(row.stars), tonumber(row.stars_written)
  local free = plan.free(row, seen.rating, seen.initial)
  local rates = may_rate and free and suggested ~= nil
  local tags_written = tsv.list(row.keywords_written)
  local change = {}
  change.attach, change.detach = keywords(tsv.list(row.keywords), set_of(tags_written), seen.tags)
  change.keywords = owned(tags_written, change.attach, change.detach)
  if rates and seen.rating ~= suggested then
    change.rating = suggested
  end
  if rates then
    change.stars = suggested
  elseif free and seen.rating == written then
    change.stars = written
  elseif written then
    change.human = seen.rating
  end
  change.kept = may_rate and not free and suggested ~= nil and suggested ~= seen.rating
  return change
end

--- Tell whether there is nothing to set.
function plan.is_empty(change)
  return change.rating == nil and #change.attach == 0 and #change.detach == 0
end

--- Tell whether the agent has to be told something that its row doesn't say.
function plan.is_news(row, change)
  return tonumber(row.stars_written) ~= change.stars
    or change.human ~= nil
    or table.concat(owned(tsv.list(row.keywords_written), {}, {}), ";") ~= table.concat(change.keywords, ";")
end

--- Given what was done to a photo, return how to take it back, in the form of `changes`: only what still stands.
---
--- `done` has the ratings `before` and `after` (nil if it was not set), the names `attached` and `detached`, what the
--- agent owned then, `stars` before and `keywords` after. `seen` as for `changes`.
function plan.reverse(done, seen)
  local change = { attach = {}, detach = {} }
  if done.after and seen.rating == done.after then
    change.rating = done.before
  elseif done.after then
    change.human = seen.rating
  end
  for _, name in ipairs(done.attached) do
    if seen.tags[name] then
      table.insert(change.detach, name)
    end
  end
  for _, name in ipairs(done.detached) do
    if not seen.tags[name] then
      table.insert(change.attach, name)
    end
  end
  if (change.rating or seen.rating) == done.stars then
    change.stars = done.stars
  end
  change.keywords = owned(done.keywords, change.attach, change.detach)
  return change
end

return plan
