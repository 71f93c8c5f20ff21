--- Work beside the user's: threads of Lua's in darktable, and how they end with it.
---
--- darktable runs one of its Lua threads at a time; another gets its turn where one sleeps, runs a command, or calls
--- into the window. A thread that calls into the window once it is gone waits for itself for ever, and darktable, which
--- was to quit, with it (seen in 4.2.1). So threads of ours sleep and run commands here, where they end once darktable
--- says that it quits. It says so some milliseconds after the window is gone: call into it seldom.

local dt = require("darktable")

local background = {}

local CLOSING = {}

--- How often the window is waited for at most: something else may keep it busy for long.
local WAITS = 100

local function yielded(result)
  if dt.control.ending then
    error(CLOSING, 0)
  end
  return result
end

--- Wait; ends the thread if darktable quits meanwhile.
function background.sleep(milliseconds)
  yielded(dt.control.sleep(milliseconds))
end

--- Tell whether darktable's main thread has something to do: the state of the process is its.
local function is_window_busy()
  local file = io.open("/proc/self/stat")
  if not file then
    return false
  end
  local stat = file:read("a")
  file:close()
  return stat:match("^.*%) (%a)") == "R"
end

--- Between changes to many photos: wait until the window has taken in the last one, so that it stays at hand.
---
--- darktable answers each change with work in its main thread, several times as much as the change took. Without a
--- pause it had 15 seconds of it to do after 500 photos, and heard no click until then.
function background.give_way()
  for _ = 1, WAITS do
    background.sleep(2)
    if not is_window_busy() then
      return
    end
  end
end

--- Run a command line and return what system() returns; ends the thread if darktable quits meanwhile.
function background.execute(line)
  return yielded(dt.control.execute(line))
end

--- Run a function in a thread of its own; `on_error` is told why it failed.
function background.start(act, on_error)
  dt.control.dispatch(function()
    local well, why = pcall(act)
    if not well and why ~= CLOSING then
      dt.print_error(tostring(why))
      on_error(tostring(why))
    end
  end)
end

return background
