--[[
  RealQA Agent's plugin for darktable. SPDX-License-Identifier: GPL-3.0-or-later
]]

--[[
  RealQA: cull on import, sort by beauty, see why.

  Hands imported photos to RealQA Agent on this computer and sets the stars, rejects and tags that it suggests. A rating
  of yours is never changed. The panel in the lighttable shows scores and reasons of the selection.

  Needs the agent: https://realqa-agent.org. Its command is set in preferences, Lua options.
]]

local dt = require("darktable")

local here = (... or "realqa/realqa"):match("^(.*[./])")
local i18n = require(here .. "lib/i18n")

local folder = dt.configuration.config_dir .. "/lua/" .. here:gsub("%.", "/")
i18n.bind(dt.gettext, "realqa", folder .. "locale")

local actions = require(here .. "lib/actions")
local agent = require(here .. "lib/agent")
local apply = require(here .. "lib/apply")
local background = require(here .. "lib/background")
local collection = require(here .. "lib/collection")
local follow = require(here .. "lib/follow")
local panel = require(here .. "lib/panel")

local _ = i18n._

local NAME = "realqa"

--- Milliseconds to wait before the first call that needs the window. While darktable starts, such a call can wait for
--- itself and the window never comes up (seen in 4.2.1).
local START = 1000

--- Milliseconds between the end of an import and the hand-over: the events of its photos may still be on their way.
local GATHER = 500

-- What the user wants: off after `destroy`, which can come before the start.
local wanted, listening = true, false
local imported = {}

local function on_image(_event, image)
  imported[#imported + 1] = image
end

--- Once for each film roll, and with all of its photos: a process for each would bring the import to its knees.
local function on_film()
  background.start(function()
    background.sleep(GATHER)
    local images = imported
    imported = {}
    if #images > 0 and dt.preferences.read(NAME, "on_import", "bool") then
      follow.add(images)
    end
  end, panel.set_status)
end

local EVENTS = {
  ["post-import-image"] = on_image,
  ["post-import-film"] = on_film,
  ["selection-changed"] = actions.refresh,
}

local function listen()
  if listening then
    return
  end
  listening = true
  for event, act in pairs(EVENTS) do
    dt.register_event(NAME, event, act)
  end
  for name, action in pairs(actions.all()) do
    dt.register_event(NAME .. "-" .. name, "shortcut", action.run, action.shortcut)
  end
  actions.refresh()
  collection.resume()
  apply.tell()
  follow.resume()
end

local function silence()
  if not listening then
    return
  end
  listening = false
  for event in pairs(EVENTS) do
    dt.destroy_event(NAME, event)
  end
  for name in pairs(actions.all()) do
    dt.destroy_event(NAME .. "-" .. name, "shortcut")
  end
  follow.stop()
  collection.stop()
end

local function register_preferences()
  dt.preferences.register(
    NAME,
    "command",
    "string",
    _("RealQA: command of the agent"),
    _("as it is typed in a terminal; empty: the one that installed this plugin, else realqa"),
    ""
  )
  dt.preferences.register(
    NAME,
    "on_import",
    "bool",
    _("RealQA: score photos on import"),
    _("hand imported photos to the agent, and set what it suggests"),
    true
  )
end

local function share()
  local kept = dt.preferences.read(NAME, "share", "integer")
  return kept > 0 and kept or 10
end

local function is_lighttable()
  return dt.gui.current_view().id == "lighttable"
end

--- Put up the panel, as soon as the lighttable is there, and listen.
local function start()
  if not panel.exists() then
    agent.prepare()
    follow.on_answer = actions.on_answer
    register_preferences()
    panel.install(actions.all(), share())
  end
  panel.set_visible(wanted)
  if wanted then
    listen()
  end
end

local function start_in_lighttable()
  if is_lighttable() then
    start()
    return
  end
  dt.register_event(NAME .. "-start", "view-changed", function()
    if is_lighttable() then
      dt.destroy_event(NAME .. "-start", "view-changed")
      start()
    end
  end)
end

local function stop()
  wanted = false
  if panel.exists() then
    panel.set_visible(false)
    silence()
  end
end

local function restart()
  wanted = true
  if panel.exists() then
    start()
  end
end

-- darktable-cli and programs that use darktable as a library have no window and no need of us.
if dt.configuration.has_gui then
  background.start(function()
    background.sleep(START)
    start_in_lighttable()
  end, dt.print)
end

-- What script_manager asks for; it reads the metadata as text, one `key = value,` a line.
local script_data = {}

script_data.metadata = {
  name = _("RealQA"),
  purpose = _("cull on import, sort by beauty, see why"),
  author = "RealQA Agent",
  help = "realqa plugin --help",
}

script_data.destroy = stop
script_data.destroy_method = "hide"
script_data.restart = restart
script_data.show = restart

return script_data
