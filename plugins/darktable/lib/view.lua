--- What the panel says, as texts. Pure.

local here = (...):match("^(.*[./])")
local i18n = require(here .. "i18n")

local _, ngettext = i18n._, i18n.n_

local view = {}

--- The ten attributes, in the order in which they are shown.
view.ATTRIBUTES = {
  "composition",
  "eye_catching",
  "subject_and_background",
  "subject_integrity",
  "subject_clutter",
  "background_clutter",
  "level_shot",
  "image_clarity",
  "exposure",
  "saturation",
}

--- Characters in a line of the panel.
view.WIDTH = 46

--- Return the name of an attribute for people.
function view.name(attribute)
  return ({
    composition = _("composition"),
    eye_catching = _("eye-catching"),
    subject_and_background = _("subject and background"),
    subject_integrity = _("subject integrity"),
    subject_clutter = _("subject clutter"),
    background_clutter = _("background clutter"),
    level_shot = _("level"),
    image_clarity = _("clarity"),
    exposure = _("exposure"),
    saturation = _("saturation"),
  })[attribute]
end

--- Return the name of a score for people.
function view.column(column)
  return ({ overall = _("overall score"), quality = _("quality"), aesthetic = _("aesthetic") })[column]
end

local function length(text)
  -- A reason may quote anything, also what isn't UTF-8.
  return utf8.len(text) or #text
end

--- Break a text into lines of at most `width` characters, at spaces; a longer word stays whole.
function view.wrap(text, width)
  local lines = {}
  for paragraph in (text .. "\n"):gmatch("([^\n]*)\n") do
    local line = ""
    for word in paragraph:gmatch("%S+") do
      if line == "" then
        line = word
      elseif length(line) + 1 + length(word) <= width then
        line = line .. " " .. word
      else
        lines[#lines + 1] = line
        line = word
      end
    end
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\n")
end

--- Return a score with one decimal, a dash where there is none.
function view.score(cell)
  local number = tonumber(cell)
  return number and ("%.1f"):format(number) or "–"
end

--- Return how long that is, roughly, for people.
function view.duration(seconds)
  if seconds < 90 then
    return ngettext("%d second", "%d seconds", math.ceil(seconds)):format(math.ceil(seconds))
  elseif seconds < 5400 then
    return ngettext("%d minute", "%d minutes", math.ceil(seconds / 60)):format(math.ceil(seconds / 60))
  end
  return ngettext("%d hour", "%d hours", math.ceil(seconds / 3600)):format(math.ceil(seconds / 3600))
end

--- Return the status line: what the agent does, its queue, and how many photos this darktable waits for.
function view.status(notes, waiting)
  local doing, why = table.unpack(notes.agent or {})
  local left, eta = table.unpack(notes.queue or {})
  local line = ({
    runs = _("agent at work"),
    rests = _("agent rests"),
    stopped = _("agent stopped"),
  })[doing] or _("agent: unknown")
  if why and why ~= "" then
    line = doing == "rests" and line .. " (" .. why .. ")" or why
  end
  local photos = tonumber(left) or 0
  if photos > 0 then
    line = line .. ", " .. ngettext("%d in the queue", "%d in the queue", photos):format(photos)
    if tonumber(eta) then
      line = line .. ", " .. _("about %s"):format(view.duration(tonumber(eta)))
    end
  end
  if waiting > 0 and doing ~= "runs" then
    line = line .. "\n" .. ngettext("%d photo waits for it", "%d photos wait for it", waiting):format(waiting)
  end
  return line
end

--- Return stars as they are drawn, or the word for a reject.
function view.stars(cell)
  local number = tonumber(cell)
  if not number then
    return ""
  end
  return number < 0 and _("reject") or ("★"):rep(number) .. ("☆"):rep(5 - number)
end

local function decision(word)
  return ({ keep = _("keep"), review = _("to review"), reject = _("reject") })[word] or word
end

local function state(row)
  if row == nil then
    return _("The agent doesn't know this photo yet.")
  end
  return ({
    queued = _("Waits to be scored."),
    refused = _("Can't be scored."),
    gone = _("The file is gone."),
  })[row.state] or ""
end

local function verdict(row)
  local line = decision(row.decision)
  if row.stars and row.stars ~= "" and row.decision ~= "reject" then
    line = line .. "  " .. view.stars(row.stars)
  end
  return line
end

--- What is shown while there is nothing to show.
function view.nothing()
  return { title = _("Select photos to see what the agent says of them."), scores = "", reasons = "", attributes = {} }
end

local function selected(number)
  return ngettext("%d photo selected", "%d photos selected", number):format(number)
end

--- What is shown of more photos than are asked about.
function view.too_many(number)
  return { title = selected(number), scores = "", reasons = _("too many to show together"), attributes = {} }
end

--- Given a photo's file name and its row, nil if the agent doesn't know it, return what is shown:
--- `title`, `scores`, `reasons`, and `attributes` by name, each with `value` and `reason`.
function view.photo(name, row)
  if row == nil or row.state ~= "scored" then
    local reason = row and row.reason ~= "" and "\n" .. row.reason or ""
    return { title = name, scores = "", reasons = view.wrap(state(row) .. reason, view.WIDTH), attributes = {} }
  end
  local shown = {
    title = name,
    scores = verdict(row) .. "\n" .. view.scores(row.overall, row.quality, row.aesthetic),
    reasons = view.wrap(row.reason or "", view.WIDTH),
    attributes = {},
  }
  for _, attribute in ipairs(view.ATTRIBUTES) do
    local value, score = row[attribute] or "", row[attribute .. "_score"]
    local is_number = tonumber(value) ~= nil
    shown.attributes[attribute] = {
      value = view.score(score) .. ((value == "" or is_number) and "" or "  " .. value),
      reason = row[attribute .. "_reason"] or "",
    }
  end
  return shown
end

--- Return the line with the three scores.
function view.scores(overall, quality, aesthetic)
  return _("overall %s   quality %s   aesthetic %s"):format(
    view.score(overall),
    view.score(quality),
    view.score(aesthetic)
  )
end

--- Given the rows of several photos and how many are selected, return what is shown of them together.
function view.several(rows, number)
  local scored, sums, decided = 0, { overall = 0, quality = 0, aesthetic = 0 }, {}
  for _, row in ipairs(rows) do
    if row.state == "scored" then
      scored = scored + 1
      decided[row.decision] = (decided[row.decision] or 0) + 1
      for column, sum in pairs(sums) do
        sums[column] = sum + (tonumber(row[column]) or 0)
      end
    end
  end
  local shown = {
    title = selected(number),
    scores = "",
    reasons = ngettext("%d of them scored", "%d of them scored", scored):format(scored),
    attributes = {},
  }
  if scored > 0 then
    shown.scores = _("on average:")
      .. "\n"
      .. view.scores(sums.overall / scored, sums.quality / scored, sums.aesthetic / scored)
    for _, word in ipairs({ "keep", "review", "reject" }) do
      shown.reasons = shown.reasons .. "\n" .. decision(word) .. ": " .. (decided[word] or 0)
    end
  end
  return shown
end

--- Return what to do where the agent is not of the version that installed the plugin.
function view.versions(agent, ours)
  return _(
    "The agent is %s, this plugin came with %s.\nRun `realqa plugin install darktable`, then start darktable again."
  ):format(agent, ours)
end

--- Return what an apply did.
function view.applied(count)
  local line = count.changed == 0 and _("nothing to set")
    or ngettext("%d photo set", "%d photos set", count.changed):format(count.changed)
  if count.kept > 0 then
    line = line .. ", " .. ngettext("%d keeps your stars", "%d keep your stars", count.kept):format(count.kept)
  end
  return line
end

return view
