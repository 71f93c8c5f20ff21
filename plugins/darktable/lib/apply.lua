--- Sets stars and tags as the plan says, remembers what was there, tells the agent, and takes it back.

local dt = require("darktable")

local here = (...):match("^(.*[./])")
local agent = require(here .. "agent")
local background = require(here .. "background")
local photos = require(here .. "photos")
local plan = require(here .. "plan")
local store = require(here .. "store")
local tsv = require(here .. "tsv")

local apply = {}

--- So many applies can be undone, one after the other.
local MOST = 20

--- Photos after which what was done goes into the files.
local PIECE = 20

--- What was set, for undo.
local done =
  store.open("applied.tsv", { "batch", "path", "before", "after", "attached", "detached", "stars", "keywords" })

--- What the agent has still to be told. Without it the agent takes its own stars for a human's, for ever.
local untold = store.open("untold.tsv", agent.APPLIED)

--- Return the number of the newest apply that can be undone, 0 if there is none.
local function newest()
  local number = 0
  for _, row in ipairs(done.rows()) do
    number = math.max(number, tonumber(row.batch))
  end
  return number
end

local begun = 0

--- Begin to apply; return the number under which all that belongs together is undone.
function apply.begin()
  begun = math.max(begun, newest()) + 1
  done.keep(function(row)
    return tonumber(row.batch) > begun - MOST
  end)
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

local function note_untold(path, change)
  untold.add({ path = path, stars = change.stars, human = change.human, keywords = joined(change.keywords) })
end

local function save()
  done.save()
  untold.save()
end

--- Tell the agent what it doesn't know yet. Return a sentence if that didn't work; it is tried again the next time.
function apply.tell()
  local rows = untold.rows()
  if #rows == 0 then
    return nil
  end
  local told = {}
  for _, row in ipairs(rows) do
    told[row] = true
  end
  local sentence = agent.applied(rows)
  if not sentence then
    untold.keep(function(row)
      return not told[row]
    end)
    untold.save()
  end
  return sentence
end

--- Look at one photo and set what the rules allow. Nothing may come between the look and the setting, or a star that a
--- human gives in between would be lost.
local function apply_row(batch, row, image, asked)
  local before = seen(image)
  local change = plan.changes(row, before, asked or row.apply == "1")
  if plan.is_news(row, change) then
    note_untold(row.path, change)
  end
  if not plan.is_empty(change) then
    done.add({
      batch = batch,
      path = row.path,
      before = before.rating,
      after = change.rating,
      attached = joined(change.attach),
      detached = joined(change.detach),
      stars = row.stars_written,
      keywords = joined(change.keywords),
    })
    set(image, change)
  end
  return change
end

--- Given scored rows and the images by path, set what the rules allow, and tell the agent.
---
--- `asked`: a person pressed the button, so that stars are set whatever the agent's settings say. `on_piece(number)` is
--- told how many rows are done; false from it ends all. Return how many photos were `changed` and how many keep a
--- human's stars (`kept`), and a sentence if the agent can't be told.
function apply.rows(batch, rows, images, asked, on_piece)
  local count = { changed = 0, kept = 0 }
  for number, row in ipairs(rows) do
    local image = images[row.path]
    if image then
      -- An image may have been taken out of the library meanwhile.
      local well, change = pcall(apply_row, batch, row, image, asked)
      if not well then
        dt.print_error(change)
        change = nil
      end
      if change and change.kept then
        count.kept = count.kept + 1
      end
      if change and not plan.is_empty(change) then
        count.changed = count.changed + 1
        background.give_way()
      else
        photos.give_turn(number)
      end
    end
    if number % PIECE == 0 then
      save()
      if on_piece(number) == false then
        break
      end
    end
  end
  save()
  return count, apply.tell()
end

local function undo_row(row, image)
  local change = plan.reverse({
    before = tonumber(row.before),
    after = tonumber(row.after),
    attached = tsv.list(row.attached),
    detached = tsv.list(row.detached),
    stars = tonumber(row.stars),
    keywords = tsv.list(row.keywords),
  }, seen(image))
  set(image, change)
  note_untold(row.path, change)
  return not plan.is_empty(change)
end

--- Take back the last apply. `on_piece(share)` is told how much is done. Return how many photos were put back, nil if
--- nothing is left; and a sentence if the agent can't be told.
function apply.undo(on_piece)
  local last, todo, paths = newest(), {}, {}
  for _, row in ipairs(done.rows()) do
    if tonumber(row.batch) == last then
      todo[#todo + 1] = row
      paths[#paths + 1] = row.path
    end
  end
  if #todo == 0 then
    return nil
  end
  local images, undone, count = photos.find(paths), {}, 0
  local function save_piece()
    done.keep(function(row)
      return not undone[row]
    end)
    save()
  end
  for number = #todo, 1, -1 do
    local row = todo[number]
    local image = images[row.path]
    if image and undo_row(row, image) then
      count = count + 1
      background.give_way()
    end
    undone[row] = true
    if number % PIECE == 0 then
      save_piece()
      on_piece(1 - number / #todo)
    end
  end
  save_piece()
  return count, apply.tell()
end

return apply
