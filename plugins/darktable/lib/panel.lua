--- The panel in the lighttable: widgets, and what they show. Knows nothing of the agent.

local dt = require("darktable")

local here = (...):match("^(.*[./])")
local i18n = require(here .. "i18n")
local view = require(here .. "view")

local _ = i18n._

local panel = {}

local NAME = "realqa"

local widgets

local function label(text, more)
  local made = { label = text, halign = "start", ellipsize = "end" }
  for key, value in pairs(more or {}) do
    made[key] = value
  end
  return dt.new_widget("label")(made)
end

local function heading(text)
  return dt.new_widget("section_label")({ label = text })
end

local function row(...)
  return dt.new_widget("box")({ orientation = "horizontal", ... })
end

local function button(action)
  return dt.new_widget("button")({
    label = action.label,
    tooltip = action.tooltip,
    clicked_callback = action.run,
  })
end

local function column(labels)
  labels.orientation = "vertical"
  return dt.new_widget("box")(labels)
end

--- Return a table of two columns, and the labels of the second by attribute.
local function attributes()
  local names, values, by_name = {}, {}, {}
  for number, attribute in ipairs(view.ATTRIBUTES) do
    names[number], values[number] = label(view.name(attribute)), label("–")
    by_name[attribute] = values[number]
  end
  return row(column(names), column(values)), by_name
end

local function build(actions, share)
  local ten, by_name = attributes()
  local made = {
    status = label(_("asking the agent …"), { ellipsize = "none" }),
    message = label("", { ellipsize = "none" }),
    title = label("", { ellipsize = "middle" }),
    scores = label("", { ellipsize = "none" }),
    reasons = label("", { ellipsize = "none" }),
    attributes = by_name,
    share = dt.new_widget("slider")({
      label = _("share to keep (%)"),
      tooltip = _("how much of the collection is marked as the best"),
      soft_min = 1,
      soft_max = 50,
      hard_min = 1,
      hard_max = 100,
      step = 1,
      digits = 0,
    }),
  }
  -- Not among the rest, which Lua sets in an order of its own: before the limits, darktable cuts it to between 0 and 1.
  made.share.value = share
  local content = dt.new_widget("box")({
    orientation = "vertical",
    made.status,
    made.message,
    heading(_("selection")),
    made.title,
    made.scores,
    made.reasons,
    heading(_("attributes")),
    ten,
    row(button(actions.score), button(actions.apply), button(actions.undo)),
    heading(_("sort the collection by")),
    row(button(actions.overall), button(actions.quality), button(actions.aesthetic)),
    heading(_("show of the collection")),
    row(button(actions.rejects), button(actions.review), button(actions.all)),
    made.share,
    button(actions.best),
  })
  return content, made
end

--- Build the panel and put it into the lighttable.
function panel.install(actions, share)
  local content, made = build(actions, share)
  dt.register_lib(
    NAME,
    _("RealQA"),
    true,
    false,
    { [dt.gui.views.lighttable] = { "DT_UI_CONTAINER_PANEL_RIGHT_CENTER", 20 } },
    content
  )
  widgets = made
  panel.show(view.nothing())
end

--- Tell whether there is a panel.
function panel.exists()
  return widgets ~= nil
end

--- Hide or show the whole panel.
function panel.set_visible(visible)
  dt.gui.libs[NAME].visible = visible
end

-- What every widget shows, so that the window is called only for what changes.
local shown = {}

local function set(widget, key, text)
  local known = shown[widget] or {}
  shown[widget] = known
  if known[key] ~= text then
    known[key] = text
    widget[key] = text
  end
end

--- Show what is known of the selection, as `view` has it.
function panel.show(what)
  set(widgets.title, "label", what.title)
  set(widgets.scores, "label", what.scores)
  set(widgets.reasons, "label", what.reasons)
  for _, attribute in ipairs(view.ATTRIBUTES) do
    local said = what.attributes[attribute] or { value = "–", reason = "" }
    set(widgets.attributes[attribute], "label", said.value)
    set(widgets.attributes[attribute], "tooltip", said.reason)
  end
end

--- Show what the agent does.
function panel.set_status(text)
  set(widgets.status, "label", view.wrap(text, view.WIDTH))
end

--- Show what came of the last action, or what is wrong; an empty text takes it away.
function panel.say(text)
  set(widgets.message, "label", view.wrap(text, view.WIDTH))
end

--- The share to keep, in percent.
function panel.share()
  return math.floor(widgets.share.value + 0.5)
end

--- Return the reason that is shown for an attribute under the mouse.
function panel.reason(attribute)
  return widgets.attributes[attribute].tooltip
end

--- Return the texts that are shown, by their places.
function panel.texts()
  local texts = {}
  for _, name in ipairs({ "status", "message", "title", "scores", "reasons" }) do
    texts[name] = widgets[name].label
  end
  for attribute, widget in pairs(widgets.attributes) do
    texts[attribute] = widget.label
  end
  return texts
end

return panel
