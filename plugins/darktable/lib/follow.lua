--- Hands photos to the agent and waits for what it says of them: one loop for all, however many film rolls.
---
--- What waits is kept in a file, so that a roll that was imported while the agent rested gets its stars after the next
--- start of darktable, if not sooner.

local dt = require("darktable")

local here = (...):match("^(.*[./])")
local agent = require(here .. "agent")
local apply = require(here .. "apply")
local background = require(here .. "background")
local files = require(here .. "files")
local i18n = require(here .. "i18n")
local photos = require(here .. "photos")
local store = require(here .. "store")
local tsv = require(here .. "tsv")

local _, ngettext = i18n._, i18n.n_

local follow = {}

--- Seconds between two questions: at first, at most while the agent runs, and at most while it doesn't.
local SOON, SELDOM, RARELY = 1, 5, 60

--- A photo that the agent doesn't know after so many questions is none for it.
local MISSES = 3

local memory = store.FOLDER .. "/waiting.txt"

--- Called with the agent's answer, or with nil and a sentence, after each question.
follow.on_answer = function() end

local waiting, count = {}, 0 -- path → { image, misses, handed }
local tally
local running, stopping, hurry = false, false, false
local job

local function save()
  local paths = {}
  for path in pairs(waiting) do
    paths[#paths + 1] = path
  end
  files.write(memory, tsv.lines(paths))
end

local function end_job()
  if job then
    job.valid = false
    job = nil
  end
end

local function show_share()
  if job then
    job.percent = tally.settled / math.max(1, tally.settled + count)
  end
end

local function show_progress(active)
  if not active then
    end_job()
  elseif not job then
    job = dt.gui.create_job(_("RealQA: scoring"), true, follow.cancel)
  end
  show_share()
end

local function settle(path)
  if waiting[path] then
    waiting[path] = nil
    count = count - 1
    tally.settled = tally.settled + 1
  end
end

--- Hand over what the agent hasn't got yet. Return a sentence if that didn't work.
local function hand_over()
  local paths = {}
  for path, each in pairs(waiting) do
    if not each.handed then
      paths[#paths + 1] = path
    end
  end
  if #paths == 0 then
    return nil
  end
  local sentence = agent.add(paths)
  for _, path in ipairs(paths) do
    if waiting[path] then
      waiting[path].handed = not sentence
    end
  end
  return sentence
end

--- Set what has come. Return the sentence if the agent can't be told.
local function take(rows)
  local scored, images = {}, {}
  for _, row in ipairs(rows) do
    local each = waiting[row.path]
    if each and row.state == "scored" then
      scored[#scored + 1] = row
      images[row.path] = each.image
      tally[row.decision] = (tally[row.decision] or 0) + 1
    elseif each and row.state ~= "queued" then
      settle(row.path)
    end
  end
  if #scored == 0 then
    return nil
  end
  local settled = 0
  local function settle_until(number)
    for each = settled + 1, number do
      settle(scored[each].path)
    end
    settled = number
    show_share()
  end
  show_progress(true)
  tally.batch = tally.batch or apply.begin()
  local _, sentence = apply.rows(tally.batch, scored, images, false, function(number)
    local cancelled = waiting[scored[number].path] == nil
    settle_until(number)
    return not cancelled
  end)
  settle_until(#scored)
  return sentence
end

--- Ask once about all that wait. Return the last answer, or nil and a sentence.
local function ask()
  local sentence = hand_over()
  if sentence then
    return nil, sentence
  end
  local paths = {}
  for path in pairs(waiting) do
    paths[#paths + 1] = path
  end
  local answer
  for first = 1, math.max(1, #paths), agent.MOST do
    local piece = table.move(paths, first, math.min(first + agent.MOST - 1, #paths), 1, {})
    answer, sentence = agent.query(piece)
    if not answer then
      return nil, sentence
    end
    local known = {}
    for _, row in ipairs(answer.rows) do
      known[row.path] = true
    end
    for _, path in ipairs(piece) do
      local each = waiting[path]
      if each and not known[path] then
        each.misses = each.misses + 1
        if each.misses >= MISSES then
          settle(path)
        end
      end
    end
    sentence = take(answer.rows)
    if sentence then
      return nil, sentence
    end
  end
  return answer
end

local function pause(seconds)
  local slices = seconds * 5
  while slices > 0 and not hurry and not stopping do
    background.sleep(200)
    slices = slices - 1
  end
  hurry = false
end

local function report()
  local scored = (tally.keep or 0) + (tally.review or 0) + (tally.reject or 0)
  if scored > 0 then
    dt.print(
      _("RealQA: %s"):format(
        ngettext("%d photo scored", "%d photos scored", scored):format(scored)
          .. ", "
          .. ngettext("%d reject", "%d rejects", tally.reject or 0):format(tally.reject or 0)
          .. ", "
          .. _("%d to review"):format(tally.review or 0)
      )
    )
  end
end

local function loop()
  tally = { settled = 0 }
  local delay = SOON
  while count > 0 and not stopping do
    local before = count
    local answer, sentence = ask()
    save()
    follow.on_answer(answer, sentence)
    local runs = answer ~= nil and (answer.notes.agent or {})[1] == "runs"
    show_progress(runs and count > 0)
    delay = count < before and SOON or math.min(delay * 1.5, runs and SELDOM or RARELY)
    if count > 0 then
      pause(delay)
    end
  end
  end_job()
  report()
end

local function start()
  -- A loop that was told to stop, and hasn't yet, goes on.
  hurry, stopping = true, false
  if running then
    return
  end
  running = true
  background.start(function()
    repeat
      loop()
    -- Something may have come while the loop said farewell.
    until count == 0 or stopping
    running = false
  end, function(why)
    running = false
    end_job()
    follow.on_answer(nil, why)
  end)
end

--- Hand images to the agent and set what it says of them as it comes.
function follow.add(images)
  for number, image in ipairs(images) do
    photos.give_turn(number)
    if image.duplicate_index == 0 then
      local path = photos.path(image)
      if not waiting[path] then
        count = count + 1
      end
      waiting[path] = { image = image, misses = 0, handed = false }
    end
  end
  if count > 0 then
    save()
    start()
  end
end

--- Go on with what waited when darktable was left.
function follow.resume()
  local paths = {}
  for line in (files.read(memory) or ""):gmatch("[^\n]+") do
    paths[#paths + 1] = tsv.unescape(line)
  end
  local images = {}
  for _, image in pairs(photos.find(paths)) do
    images[#images + 1] = image
  end
  follow.add(images)
end

--- Wait no longer. The agent goes on; what it says can be applied by hand.
function follow.cancel()
  waiting, count = {}, 0
  hurry = true
  save()
  end_job()
end

--- Stop at once, to go on after the next start.
function follow.stop()
  stopping = true
end

--- How many photos wait.
function follow.waiting()
  return count
end

return follow
