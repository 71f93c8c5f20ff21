--- Calls the command `realqa`. Each call takes as long as it takes, outside darktable's Lua lock: never call it in
--- a callback, but in a thread of `background`.

local dt = require("darktable")

local here = (...):match("^(.*[./])")
local background = require(here .. "background")
local files = require(here .. "files")
local i18n = require(here .. "i18n")
local shell = require(here .. "shell")
local store = require(here .. "store")
local tsv = require(here .. "tsv")

local _ = i18n._

local agent = {}

--- Photos asked about at once. A row has up to 3 kB, and reading it holds the Lua lock.
agent.MOST = 1000

--- Seconds after which a call is ended.
local PATIENCE = 120

-- Not in /tmp: a Flatpak sandbox has one of its own, which the agent outside doesn't see.
local exchange = dt.configuration.cache_dir .. "/realqa"
local calls = 0

-- What `realqa plugin install` left beside this file: the command as a list of words, and the version.
local found, installed = pcall(require, here .. "installed")
installed = found and installed or { command = { "realqa" } }

--- The version of the agent that installed this plugin, nil if it was copied here by hand.
agent.installed_version = installed.version

--- Make the folders for the plugin's files, and clear what a crash left of those that go back and forth.
function agent.prepare()
  local folder, kept = shell.quote(exchange), shell.quote(store.FOLDER)
  background.execute(("mkdir -p %s %s && find %s -type f -mmin +60 -delete"):format(folder, kept, folder))
end

--- Return the command as it is typed in a terminal: the preference, else what was installed.
function agent.command()
  local set = dt.preferences.read("realqa", "command", "string")
  return set:match("%S") and set or shell.line(installed.command)
end

--- Run a verb; return exit status, errors and output. `input` goes into a file whose name ends the command line.
local function run(verb, input)
  calls = calls + 1
  local name = ("%s/%d-%06d-%d"):format(exchange, os.time(), math.random(0, 999999), calls)
  if not files.write(name .. ".in", input) then
    return nil
  end
  local line = ("timeout %d %s %s %s >%s 2>%s </dev/null"):format(
    PATIENCE,
    agent.command(),
    verb,
    shell.quote(name .. ".in"),
    shell.quote(name .. ".out"),
    shell.quote(name .. ".err")
  )
  local status = shell.exit_status(background.execute(line))
  local errors, output = files.read(name .. ".err") or "", files.read(name .. ".out") or ""
  for _, suffix in ipairs({ ".in", ".out", ".err" }) do
    os.remove(name .. suffix)
  end
  return status, errors, output
end

--- Given how a call ended, return the sentence for the user; nil if it went well.
local function trouble(status, errors)
  if status == 0 then
    return nil
  elseif status == nil then
    return _("Can't write to %s."):format(exchange)
  elseif status == 126 or status == 127 then
    return _(
      "RealQA Agent is not installed, or not where darktable looks: %s. The command is set in preferences, Lua options."
    ):format(agent.command())
  elseif status == 124 then
    return _("RealQA Agent did not answer within %d seconds."):format(PATIENCE)
  elseif errors:find("No such command", 1, true) or errors:find("No such option", 1, true) then
    return _("RealQA Agent is too old for this plugin. Update the agent.")
  end
  local last = errors:match("([^\n]*)\n*$")
  return _("RealQA Agent: %s"):format(last ~= "" and last or _("ended with status %d"):format(status))
end

--- Hand photos to the agent. Return nil, or a sentence if it didn't work.
function agent.add(paths)
  local status, errors = run("queue add --paths-from", tsv.lines(paths))
  return trouble(status, errors)
end

--- The columns of what the agent is told.
agent.APPLIED = { "path", "stars", "human", "keywords" }

--- Tell the agent what was set for it: rows with the columns `APPLIED`. Return nil, or a sentence.
function agent.applied(rows)
  local status, errors = run("applied --paths-from", tsv.write(agent.APPLIED, rows))
  return trouble(status, errors)
end

--- Ask about at most `MOST` photos, also none. Return the answer as `tsv.read` does, or nil and a sentence.
function agent.query(paths)
  local status, errors, output = run("query --tsv --paths-from", tsv.lines(paths))
  local sentence = trouble(status, errors)
  if sentence then
    return nil, sentence
  end
  local answer, newer = tsv.read(output)
  if newer then
    return nil,
      _("RealQA Agent is newer than this plugin. Run `realqa plugin install darktable`, then start darktable again.")
  elseif not answer then
    return nil, _("What RealQA Agent says can't be understood: %s"):format(output:match("^[^\n]*"))
  end
  return answer
end

--- Ask about any number of photos, piece by piece. `on_piece(done)` is told how many are done; false from it ends all.
--
-- Return the rows, or nil and a sentence; nil alone if it was ended.
function agent.query_all(paths, on_piece)
  local rows = {}
  for first = 1, #paths, agent.MOST do
    local answer, sentence = agent.query(table.move(paths, first, math.min(first + agent.MOST - 1, #paths), 1, {}))
    if not answer then
      return nil, sentence
    end
    table.move(answer.rows, 1, #answer.rows, #rows + 1, rows)
    if on_piece(math.min(first + agent.MOST - 1, #paths)) == false then
      return nil
    end
  end
  return rows
end

return agent
