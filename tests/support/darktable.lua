-- darktable as a Lua library, without its window: import a folder, then edit images as a human or a plugin would.
--
-- usage: lua5.4 darktable.lua LIBDARKTABLE FOLDER PHOTOS EDITS
--        FOLDER holds darktable's settings and library, PHOTOS is imported ("" for nothing); EDITS is Lua code that
--        knows `dt` and `image "name.jpg"`. darktable writes a sidecar within each edit.
local library, folder, photos, edits = table.unpack(arg)
local dt = assert(package.loadlib(library, "luaopen_darktable"))()
dt("--configdir", folder, "--cachedir", folder .. "/cache", "--library", folder .. "/library.db", "--disable-opencl")
-- The order matters, or darktable 4.2.1 crashes now and then. Its start scripts run in a thread of their own on the
-- state that this program uses, so they go first, and nothing tells when they are done. An import takes darktable's
-- Lua lock itself and hangs after the first dt.control.sleep, from which on this program holds the lock.
os.execute("sleep 0.5")
if photos ~= "" then
  dt.database.import(photos)
end
dt.control.sleep(300)

local function image(name)
  for _, candidate in ipairs(dt.database) do
    if candidate.filename == name then
      return candidate
    end
  end
  error("darktable has no image " .. name)
end

assert(load(edits, "edits", "t", setmetatable({ dt = dt, image = image }, { __index = _G })))()
