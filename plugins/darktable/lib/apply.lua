--- Sets stars and tags as the plan says, remembers what was there, and takes it back.

local dt = require("darktable")

local here = (...):match("^(.*[./])")
local agent = require(here .. "agent")
local background = require(here .. "background")
local files = require(here .. "files")
local photos = require(here .. "photos")
local plan = require(here .. "plan")
local tsv = require(here .. "tsv")

local apply = {}

--- So many applies can be undone, one after the other.
local MOST = 20

local COLUMNS = { "batch", "path", "before", "after", "attached", "detached", "stars", "keywords" }

-- In a folder of its own: `realqa plugin install` replaces the one with the scripts.
local memory = dt.configuration.config_dir .. "/realqa/applied.tsv"
-- Rows with the `COLUMNS`; nil until they are read.
local remembered

local function recall()
  if not remembered then
    local answer = tsv.read(files.read(memory) or "")
    remembered = answer and answer.rows or {}
  end
  return remembered
end

local function save()
  files.write(memory, tsv.write(COLUMNS, recall()))
end

--- Return the number of the newest apply that can be undone, 0 if there is none.
local function newest()
  local number = 0
  for _, row in ipairs(recall()) do
    number = math.max(number, tonumber(row.batch))
  end
  return number
end

local begun = 0

--- Begin to apply; return the number under which all that belongs together is undone.
function apply.begin()
  begun = math.max(begun, newest()) + 1
  local kept = {}
  for _, row in ipairs(recall()) do
    if tonumber(row.batch) > begun - MOST then
      kept[#kept + 1] = row
    end
  end
  remembered = kept
  return begun
end

local function seen(image)
  return {
    rating = image.rating,
    tags = photos.tags(image),
    initial = dt.preferences.read("darktable", "ui_last/import_initial_rating", "integer"),
  }
end

--- Stars first: each change has darktable write the sidecar, and so its old stars over those that the agent may have
--- written there.
local function set(image, change)
  if change.rating then
    image.rating = change.rating
  end
  for _, name in ipairs(change.attach) do
    photos.attach(name, image)
  end
  for _, name in ipairs(change.detach) do
    photos.detach(name, image)
  end
end

local function joined(names)
  return table.concat(names, ";")
end

local function told(path, change)
  return { path = path, stars = change.stars, human = change.human, keywords = joined(change.keywords) }
end

--- Given scored rows and the images by path, set what the rules allow, and tell the agent.
---
--- `asked`: a person pressed the button, so that stars are set whatever the agent's settings say. Return how many
--- photos were `changed` and how many keep a human's stars (`kept`), and a sentence if the agent can't be told.
function apply.rows(batch, rows, images, asked)
  local todo, news, kept = {}, {}, 0
  for number, row in ipairs(rows) do
    photos.give_turn(number)
    local image = images[row.path]
    if image then
      local before = seen(image)
      local change = plan.changes(row, before, asked or row.apply == "1")
      kept = kept + (change.kept and 1 or 0)
      if plan.is_news(row, change) then
        news[#news + 1] = told(row.path, change)
      end
      if not plan.is_empty(change) then
        todo[#todo + 1] = { image = image, change = change }
        table.insert(recall(), {
          batch = batch,
          path = row.path,
          before = before.rating,
          after = change.rating,
          attached = joined(change.attach),
          detached = joined(change.detach),
          stars = row.stars_written,
          keywords = joined(change.keywords),
        })
      end
    end
  end
  -- Before anything is set: who is cut off here can still take back what was done.
  save()
  for _, each in ipairs(todo) do
    set(each.image, each.change)
    background.give_way()
  end
  return { changed = #todo, kept = kept }, #news > 0 and agent.applied(news) or nil
end

--- Take back the last apply. Return how many photos were put back, nil if nothing is left; and a sentence if the agent
--- can't be told.
function apply.undo()
  local last, todo, kept, paths = newest(), {}, {}, {}
  for _, row in ipairs(recall()) do
    local of_last = tonumber(row.batch) == last
    table.insert(of_last and todo or kept, row)
    paths[#paths + 1] = of_last and row.path or nil
  end
  if #todo == 0 then
    return nil
  end
  local images, news, count = photos.find(paths), {}, 0
  for number = #todo, 1, -1 do
    photos.give_turn(number)
    local row = todo[number]
    local image = images[row.path]
    if image then
      local change = plan.reverse({
        before = tonumber(row.before),
        after = tonumber(row.after),
        attached = tsv.list(row.attached),
        detached = tsv.list(row.detached),
        stars = tonumber(row.stars),
        keywords = tsv.list(row.keywords),
      }, seen(image))
      if not plan.is_empty(change) then
        set(image, change)
        background.give_way()
        count = count + 1
      end
      news[#news + 1] = told(row.path, change)
    end
  end
  remembered = kept
  save()
  return count, #news > 0 and agent.applied(news) or nil
end

return apply
