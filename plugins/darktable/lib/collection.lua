--- The collection in the lighttable: shown in another order or in part, by tags that are ours alone.
---
--- darktable can't sort by a number of a script's. But in a collection by a tag, its custom order is the one in which
--- the tag was attached. Photos to be shown get a tag likewise. Both tags are taken off when all is shown again.

local dt = require("darktable")

local here = (...):match("^(.*[./])")
local background = require(here .. "background")
local photos = require(here .. "photos")

local collection = {}

local RANKED = photos.ROOT .. "ranked"
local SHOWN = photos.ROOT .. "shown"

local ORDER = "lib/filtering/sort order"

--- Photos between two reports: drawing the progress takes as long as tagging does.
local PIECE = 20

--- Seconds that darktable takes to put a collection together, at most.
local SETTLE = 2

--- Seconds in which the user's click is waited for.
local CLICK = 120

-- The rules and the order before the first of our collections.
local before

-- Raised by whatever changes the collection, so that a wait for an older order ends.
local turn = 0

--- Return the images that are shown, in their order.
function collection.images()
  return photos.list(dt.collection)
end

local function rule_for(item, data)
  local rule = dt.gui.libs.collect.new_rule()
  rule.mode = "DT_LIB_COLLECT_MODE_AND"
  rule.item = item
  rule.data = data
  return rule
end

--- Tell whether the collection is that of a tag.
local function is_of(rules, name)
  -- A click on a tag leaves its name in small letters.
  return #rules == 1 and rules[1].item == "DT_COLLECTION_PROP_TAG" and rules[1].data:lower() == name:lower()
end

local function is_ours(rules)
  return is_of(rules, RANKED) or is_of(rules, SHOWN)
end

local function clear(name)
  for _, image in ipairs(photos.tagged(name)) do
    photos.detach(name, image)
    background.give_way()
  end
end

--- Return the number of the order in darktable's list of orders, nil if it can't be told.
local function order()
  local value = dt.gui.action(ORDER, 0, "selection", "")
  return value and value <= -1 and math.floor(-value) or nil
end

local function set_order(number)
  dt.gui.action(ORDER, 0, "selection", "first", 1.0)
  if number > 1 then
    dt.gui.action(ORDER, 0, "selection", "next", number - 1.0)
  end
end

local function take_order_of_tag()
  dt.gui.action(ORDER, 0, "selection", "item:custom sort", 1.0)
end

local function show(name)
  local rules = dt.gui.libs.collect.filter()
  if not is_ours(rules) then
    before = { rules = rules, order = order() }
  end
  dt.gui.libs.collect.filter({ rule_for("DT_COLLECTION_PROP_TAG", name) })
end

local function show_before()
  -- After a start of darktable, what was there before is not known.
  before = before or { rules = { rule_for("DT_COLLECTION_PROP_FILMROLL", "%") } }
  dt.gui.libs.collect.filter(before.rules)
  if before.order then
    set_order(before.order)
  end
end

--- Leave a collection of ours; return false if none is shown.
---
--- Before tags are changed, too: darktable puts a collection by tag together anew after each.
local function leave()
  local ours = is_ours(dt.gui.libs.collect.filter())
  if ours then
    show_before()
  end
  return ours
end

local function setting(key, kind)
  return dt.preferences.read("darktable", "plugins/lighttable/" .. key, kind)
end

--- Tell whether the user has darktable show every order from its end.
local function is_reversed()
  return setting("filtering/sortorder0", "integer") == 1
end

-- The next two ask darktable's settings and not its window, which a wait of minutes had better not call: see
-- `background`.
local function order_in_settings()
  return setting("filtering/sort0", "integer")
end

local function is_left()
  return setting("collect/num_rules", "integer") ~= 1 or setting("collect/string0", "string"):lower() ~= RANKED:lower()
end

local function is_in_order(images)
  local shown = dt.collection
  if #shown ~= #images then
    return false
  end
  for number, image in ipairs(images) do
    if shown[number].id ~= image.id then
      return false
    end
  end
  return true
end

--- Attach the tag in the order that is to be shown. Return false if `on_piece` ended it.
local function attach(images, last_first, on_piece)
  clear(RANKED)
  for number = 1, #images do
    photos.attach(RANKED, images[last_first and #images + 1 - number or number])
    background.give_way()
    if number % PIECE == 0 and on_piece(number) == false then
      clear(RANKED)
      return false
    end
  end
  return true
end

--- Show these images in this order. `on_piece(done)` is told how many are tagged; false from it ends all.
---
--- Return true if darktable shows them so, nil if it was ended. False if the user has to click the tag once: only a
--- click, or a start of darktable, makes it take the order from the tag, and from then on it does until another tag is
--- clicked. `on_order` is called if that is seen later.
function collection.rank(images, on_piece, on_order)
  turn = turn + 1
  leave()
  local mine, last_first = turn, is_reversed()
  if not attach(images, last_first, on_piece) then
    return nil
  end
  show(RANKED)
  take_order_of_tag()
  local custom = order_in_settings()

  --- Wait until the images show in this order, at most so many seconds.
  local function await(seconds)
    for _ = 1, seconds * 5 do
      if is_in_order(images) then
        return true
      elseif turn ~= mine or is_left() then
        return false
      elseif order_in_settings() ~= custom then
        -- The click turned to the order of the file names, at first.
        take_order_of_tag()
      elseif is_reversed() ~= last_first then
        -- A click on the tag also sets whether it is shown from its end.
        last_first = not last_first
        attach(images, last_first, function() end)
      end
      background.sleep(200)
    end
    return false
  end

  if await(SETTLE) then
    return true
  end
  -- The tag lies open there, to be clicked.
  dt.gui.libs.collect.expanded = true
  background.start(function()
    if await(CLICK) and turn == mine then
      on_order()
    end
  end, function() end)
  return false
end

--- Return the images to choose from: those that are shown, but if these were chosen already, those before.
function collection.choice()
  if is_of(dt.gui.libs.collect.filter(), SHOWN) then
    show_before()
  end
  return collection.images()
end

--- Show these images alone.
function collection.pick(images)
  turn = turn + 1
  leave()
  clear(SHOWN)
  for _, image in ipairs(images) do
    photos.attach(SHOWN, image)
    background.give_way()
  end
  show(SHOWN)
end

--- Show what was shown before, as it was sorted, and take our tags off. Return false if nothing of ours is shown.
function collection.restore()
  turn = turn + 1
  local ours = leave()
  clear(RANKED)
  clear(SHOWN)
  return ours
end

--- Show a collection of ours in its order again after a start of darktable, which learns the tag later than it looks,
--- and doesn't look again before the order is another one.
function collection.resume()
  local number = order()
  if number and number > 1 and is_of(dt.gui.libs.collect.filter(), RANKED) then
    set_order(1)
    set_order(number)
  end
end

--- End the wait for a click.
function collection.stop()
  turn = turn + 1
end

return collection
