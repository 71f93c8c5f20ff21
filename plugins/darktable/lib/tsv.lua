--- The agent's tables: tab-separated cells, one row a line, whatever bytes a file name holds. Pure.

local tsv = {}

--- The version of the format that is understood here; a higher one is refused.
tsv.VERSION = 1

local ESCAPED = { ["\\"] = "\\\\", ["\t"] = "\\t", ["\n"] = "\\n", ["\r"] = "\\r" }
local PLAIN = { ["\\"] = "\\", t = "\t", n = "\n", r = "\r" }

--- Given any text, return it as a cell.
function tsv.escape(text)
  return (text:gsub("[\\\t\n\r]", ESCAPED))
end

--- Given a cell, return its text.
function tsv.unescape(cell)
  return (cell:gsub("\\(.)", PLAIN))
end

local function split(line)
  local cells = {}
  for cell in (line .. "\t"):gmatch("(.-)\t") do
    cells[#cells + 1] = tsv.unescape(cell)
  end
  return cells
end

local function as_row(columns, cells)
  local row = {}
  for number, name in ipairs(columns) do
    row[name] = cells[number] or ""
  end
  return row
end

--- Given a whole answer, return `{ notes = { agent = { "runs", … } }, rows = { { path = …, … } } }`.
--
-- Return nil and the version if that is a higher one, nil alone if the text is no such table or was cut off.
function tsv.read(text)
  local version = tonumber(text:match("^#realqa%-tsv\t(%d+)\n"))
  if version ~= tsv.VERSION or text:sub(-1) ~= "\n" then
    return nil, version and version > tsv.VERSION and version or nil
  end
  local notes, rows, columns = {}, {}, nil
  for line in text:gmatch("([^\n]*)\n") do
    if line:sub(1, 1) == "#" and not columns then
      local cells = split(line:sub(2))
      notes[table.remove(cells, 1)] = cells
    elseif not columns then
      columns = split(line)
    else
      rows[#rows + 1] = as_row(columns, split(line))
    end
  end
  if not columns then
    return nil
  end
  return { notes = notes, rows = rows }
end

--- Given the names of the columns and rows by these names, return the table; what a row doesn't have is empty.
function tsv.write(columns, rows)
  local lines = { "#realqa-tsv\t" .. tsv.VERSION, table.concat(columns, "\t") }
  for _, row in ipairs(rows) do
    local cells = {}
    for number, name in ipairs(columns) do
      cells[number] = tsv.escape(tostring(row[name] or ""))
    end
    lines[#lines + 1] = table.concat(cells, "\t")
  end
  return table.concat(lines, "\n") .. "\n"
end

--- Given paths, return them as the lines of a file for `--paths-from`.
function tsv.lines(paths)
  local lines = {}
  for number, path in ipairs(paths) do
    lines[number] = tsv.escape(path) .. "\n"
  end
  return table.concat(lines)
end

--- Given a cell that holds several words, return them as a list.
function tsv.list(cell)
  local words = {}
  for word in (cell or ""):gmatch("[^;]+") do
    words[#words + 1] = word
  end
  return words
end

return tsv
