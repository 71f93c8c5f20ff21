--- Tables that outlive darktable. In a folder of their own: `realqa plugin install` replaces that of the scripts.

local dt = require("darktable")

local here = (...):match("^(.*[./])")
local files = require(here .. "files")
local tsv = require(here .. "tsv")

local store = {}

store.FOLDER = dt.configuration.config_dir .. "/realqa"

--- Return a table of rows with these columns, which is read from its file when it is first needed.
function store.open(name, columns)
  local path = store.FOLDER .. "/" .. name
  local rows
  local kept = {}

  --- Return the rows, oldest first; don't change them.
  function kept.rows()
    if not rows then
      local answer = tsv.read(files.read(path) or "")
      rows = answer and answer.rows or {}
    end
    return rows
  end

  --- Add a row.
  function kept.add(row)
    table.insert(kept.rows(), row)
  end

  --- Keep only the rows of which the function says so.
  function kept.keep(wanted)
    local left = {}
    for _, row in ipairs(kept.rows()) do
      if wanted(row) then
        left[#left + 1] = row
      end
    end
    rows = left
  end

  --- Write the file.
  function kept.save()
    files.write(path, tsv.write(columns, kept.rows()))
  end

  return kept
end

return store
