-- Runs a script in darktable's window, once it is up, and quits darktable afterwards. The script, whose path is in
-- RIG_SCRIPT, knows `dt` and:
--
--   say(word, ...)         tells the test a line
--   wait(what, seconds)    waits until the function returns something true, and returns that
--   import(folder, count)  imports a folder and waits until the library has so many images
--   image(name)            the image of this file name
--   photos()               all images in the library
--   tags(image)            its tags without darktable's own, joined by ";"
--   act(shortcut)          what a key bound to this shortcut of the plugin's does
--   panel()                the texts of the plugin's panel
--   shot(path)             a picture of the display
local dt = require("darktable")
local rig = setmetatable({ dt = dt }, { __index = _G })

function rig.say(...)
  local cells = {}
  for number, cell in ipairs({ ... }) do
    cells[number] =
      tostring(cell):gsub("[\\\t\n\r]", { ["\\"] = "\\\\", ["\t"] = "\\t", ["\n"] = "\\n", ["\r"] = "\\r" })
  end
  io.stderr:write("RIG\t", table.concat(cells, "\t"), "\n")
  io.stderr:flush()
end

function rig.wait(what, seconds)
  for _ = 1, (seconds or 20) * 20 do
    local result = what()
    if result then
      return result
    end
    dt.control.sleep(50)
  end
  error("it did not happen in time", 2)
end

function rig.import(folder, count)
  -- darktable 4.2.1 ends if it is told to import what isn't there.
  assert(io.open(folder .. "/."), "no folder " .. folder):close()
  dt.database.import(folder)
  rig.wait(function()
    return #dt.database >= count
  end, 60)
end

function rig.photos()
  local images = {}
  for number, image in ipairs(dt.database) do
    images[number] = image
  end
  return images
end

function rig.image(name)
  for _, image in ipairs(dt.database) do
    if image.filename == name then
      return image
    end
  end
  error("darktable has no image " .. name, 2)
end

function rig.tags(image)
  local names = {}
  for _, tag in ipairs(image:get_tags()) do
    if not tag.name:find("^darktable|") then
      names[#names + 1] = tag.name
    end
  end
  table.sort(names)
  return table.concat(names, ";")
end

function rig.act(shortcut)
  dt.gui.action("lua/" .. shortcut, 0, "", "", 1.0)
end

function rig.panel()
  return require("realqa/lib/panel").texts()
end

function rig.shot(path)
  local status = dt.control.execute(os.getenv("RIG_SHOT") .. " '" .. path .. "'")
  assert(status == 0, "no picture of the display")
end

-- Not sooner: calls into the window while darktable starts can wait for themselves.
dt.control.sleep(1500)
local script = assert(loadfile(os.getenv("RIG_SCRIPT"), "t", rig))
local well, why = xpcall(script, debug.traceback)
io.stderr:write(well and "RIG-DONE" or "RIG-FAILED\t" .. tostring(why), "\n")
io.stderr:flush()
-- darktable 4.2.1 hangs if a Lua thread calls into the window in the very moment in which that goes.
dt.control.sleep(800)
io.open(os.getenv("RIG_ENDED"), "w"):close()
dt.gui.action("global/quit", 0, "", "", 1.0)
