--- What the buttons and shortcuts do. Each runs in a thread of its own, so that darktable stays at hand.

local dt = require("darktable")

local here = (...):match("^(.*[./])")
local agent = require(here .. "agent")
local apply = require(here .. "apply")
local background = require(here .. "background")
local collection = require(here .. "collection")
local follow = require(here .. "follow")
local i18n = require(here .. "i18n")
local panel = require(here .. "panel")
local photos = require(here .. "photos")
local rank = require(here .. "rank")
local view = require(here .. "view")

local _, ngettext = i18n._, i18n.n_

local actions = {}

--- The tag of the best, which stays until others are marked.
local BEST = photos.ROOT .. "best"

--- Milliseconds that the selection must stand still before the agent is asked.
local CALM = 250

local busy = false

local function say(text)
  panel.say(text)
  if text ~= "" then
    -- Over the photos there is room for one line.
    dt.print(_("RealQA: %s"):format(text:match("^[^\n]*")))
  end
end

--- Run something in a thread of its own, one at a time, and show what it says in the end or how it failed.
local function in_background(what)
  return function()
    if busy then
      say(_("still at work on the last click"))
      return
    end
    busy = true
    background.start(function()
      local text = what()
      busy = false
      say(text)
    end, function(why)
      busy = false
      say(why)
    end)
  end
end

--- Show a progress bar while something is done: `act` gets a function that takes the share that is done, and returns
--- false once the user cancelled, which is offered if `may_cancel`.
local function with_progress(title, may_cancel, act)
  local cancelled = false
  local job = dt.gui.create_job(title, true, may_cancel and function()
    cancelled = true
  end or nil)
  local results = table.pack(pcall(act, function(share)
    job.percent = share
    return not cancelled
  end))
  if not dt.control.ending then
    job.valid = false
  end
  if not results[1] then
    error(results[2], 0)
  end
  return table.unpack(results, 2, results.n)
end

--- Ask about images, with a progress bar that can be cancelled. Return the rows and the images by path, or nil and
--- a sentence.
local function ask(images)
  local paths, by_path = photos.by_path(images)
  local rows, sentence = with_progress(_("RealQA: asking the agent"), true, function(on_share)
    return agent.query_all(paths, function(done)
      return on_share(done / #paths)
    end)
  end)
  if not rows then
    return nil, sentence or _("cancelled")
  end
  return rows, by_path
end

local function originals(by_path)
  local images = {}
  for path, versions in pairs(by_path) do
    images[path] = photos.original(versions)
  end
  return images
end

local function images_of(rows, by_path)
  local images = {}
  for _, row in ipairs(rows) do
    for _, image in ipairs(by_path[row.path]) do
      images[#images + 1] = image
    end
  end
  return images
end

local function score()
  local images = photos.list(dt.gui.action_images)
  if #images == 0 then
    return _("select photos first")
  end
  follow.add(images)
  return ngettext("%d photo handed to the agent", "%d photos handed to the agent", #images):format(#images)
end

local function apply_suggestions()
  local images = photos.list(dt.gui.action_images)
  if #images == 0 then
    return _("select photos first")
  end
  local rows, by_path = ask(images)
  if not rows then
    return by_path
  end
  local scored = {}
  for _, row in ipairs(rows) do
    if row.state == "scored" then
      scored[#scored + 1] = row
    end
  end
  if #scored == 0 then
    return _("none of these photos is scored yet")
  end
  local count, sentence = with_progress(_("RealQA: applying suggestions"), true, function(on_share)
    return apply.rows(apply.begin(), scored, originals(by_path), true, function(number)
      return on_share(number / #scored)
    end)
  end)
  actions.refresh()
  return sentence or view.applied(count)
end

local function undo()
  local count, sentence = with_progress(_("RealQA: undoing"), false, apply.undo)
  actions.refresh()
  if not count then
    return _("nothing to undo")
  end
  return sentence or ngettext("%d photo put back", "%d photos put back", count):format(count)
end

local function sort_by(column)
  return function()
    local images = collection.images()
    local rows, by_path = ask(images)
    if not rows then
      return by_path
    end
    local ordered = rank.by(rows, column)
    if #ordered == 0 then
      return _("none of these photos is scored yet")
    end
    local sorted, ranked = images_of(ordered, by_path), {}
    for _, image in ipairs(sorted) do
      ranked[image.id] = true
    end
    -- What has no score stays in sight, behind all others.
    for _, image in ipairs(images) do
      if not ranked[image.id] then
        sorted[#sorted + 1] = image
      end
    end
    local sorted_by = _("sorted by %s"):format(view.column(column))
    local in_order = with_progress(_("RealQA: sorting"), true, function(on_share)
      return collection.rank(sorted, function(done)
        return on_share(done / #sorted)
      end, function()
        say(sorted_by)
      end)
    end)
    if in_order == nil then
      return _("cancelled")
    elseif in_order then
      return sorted_by
    end
    return _("One click is missing.")
      .. "\n"
      .. _(
        "Double-click the tag “ranked” in the module “collections”: darktable takes the order of a tag only then, "
          .. "and keeps to it until you click another tag or leave."
      )
  end
end

local function show(decision)
  return function()
    local rows, by_path = ask(collection.choice())
    if not rows then
      return by_path
    end
    local found = rank.decided(rows, decision)
    if #found == 0 then
      return _("there are none in this collection")
    end
    collection.pick(images_of(found, by_path))
    return ngettext("%d photo shown", "%d photos shown", #found):format(#found)
  end
end

local function show_all()
  return collection.restore() and _("your own collection again") or _("the collection is your own already")
end

local function mark_best()
  local share = panel.share()
  dt.preferences.write("realqa", "share", "integer", share)
  local rows, by_path = ask(collection.images())
  if not rows then
    return by_path
  end
  local best = images_of(rank.best(rows, share), by_path)
  if #best == 0 then
    return _("none of these photos is scored yet")
  end
  local is_best = {}
  for _, image in ipairs(best) do
    is_best[image.id] = true
  end
  for _, image in ipairs(photos.tagged(BEST)) do
    if not is_best[image.id] and by_path[photos.path(image)] then
      photos.detach(BEST, image)
      background.give_way()
    end
  end
  for _, image in ipairs(best) do
    photos.attach(BEST, image)
    background.give_way()
  end
  dt.gui.selection(best)
  return ngettext("the best photo is tagged and selected", "the best %d are tagged and selected", #best):format(#best)
    .. " ("
    .. BEST
    .. ")"
end

local generation = 0

--- Show what the agent says of the selection, as soon as that stands still.
function actions.refresh()
  generation = generation + 1
  local mine = generation
  background.start(function()
    background.sleep(CALM)
    if mine ~= generation then
      return
    end
    local images = dt.gui.selection()
    local asked = #images <= agent.MOST and photos.by_path(images) or {}
    local answer, sentence = agent.query(asked)
    if mine ~= generation then
      return
    end
    actions.on_answer(answer, sentence)
    if not answer or #images == 0 then
      panel.show(view.nothing())
    elseif #images > agent.MOST then
      panel.show(view.too_many(#images))
    elseif #images == 1 then
      panel.show(view.photo(images[1].filename, answer.rows[1]))
    else
      panel.show(view.several(answer.rows, #images))
    end
  end, panel.set_status)
end

local told_version = false

--- Show what the agent does, or that it can't be asked.
function actions.on_answer(answer, sentence)
  if not answer then
    panel.set_status(sentence)
    return
  end
  panel.set_status(view.status(answer.notes, follow.waiting()))
  local version, ours = (answer.notes.program or {})[1], agent.installed_version
  if version and ours and version ~= ours and not told_version then
    told_version = true
    panel.say(view.versions(version, ours))
  end
end

--- Return all actions by name: `label` and `tooltip` of the button, `shortcut` for the list of shortcuts, `run`.
function actions.all()
  return {
    score = {
      label = _("score"),
      tooltip = _("hand the selected photos to the agent; stars and tags are set as they are scored"),
      shortcut = _("RealQA: score the selection"),
      run = in_background(score),
    },
    apply = {
      label = _("apply"),
      tooltip = _("set the suggested stars, rejects and tags on the selected photos; stars of your own are kept"),
      shortcut = _("RealQA: apply suggestions"),
      run = in_background(apply_suggestions),
    },
    undo = {
      label = _("undo"),
      tooltip = _("take back what was applied last, by a click or after an import"),
      shortcut = _("RealQA: undo the last apply"),
      run = in_background(undo),
    },
    overall = {
      label = _("overall"),
      tooltip = _("best first, by the overall score"),
      shortcut = _("RealQA: sort by overall score"),
      run = in_background(sort_by("overall")),
    },
    quality = {
      label = _("quality"),
      tooltip = _("best first, by technical quality"),
      shortcut = _("RealQA: sort by quality"),
      run = in_background(sort_by("quality")),
    },
    aesthetic = {
      label = _("aesthetic"),
      tooltip = _("best first, by aesthetic appeal"),
      shortcut = _("RealQA: sort by aesthetic"),
      run = in_background(sort_by("aesthetic")),
    },
    rejects = {
      label = _("rejects"),
      tooltip = _("only photos that the agent would reject"),
      shortcut = _("RealQA: show rejects"),
      run = in_background(show("reject")),
    },
    review = {
      label = _("to review"),
      tooltip = _("only photos that a person should look at"),
      shortcut = _("RealQA: show photos to review"),
      run = in_background(show("review")),
    },
    all = {
      label = _("all"),
      tooltip = _("back to the collection as it was, without the tags that it took to sort or to show"),
      shortcut = _("RealQA: show all again"),
      run = in_background(show_all),
    },
    best = {
      label = _("mark the best"),
      tooltip = _("tag the best share of the collection and select it; then “apply” sets their stars"),
      shortcut = _("RealQA: mark the best"),
      run = in_background(mark_best),
    },
  }
end

return actions
