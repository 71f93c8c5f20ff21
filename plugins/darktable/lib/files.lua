--- Small files of the plugin's own, read and written whole.

local files = {}

--- Return the bytes of a file, nil if it can't be read.
function files.read(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read("a")
  file:close()
  return text
end

--- Write a file so that a reader, or the next start, sees the old bytes or the new ones; tell whether it worked.
function files.write(path, text)
  local file = io.open(path .. ".new", "wb")
  if not file then
    return false
  end
  local whole = file:write(text)
  -- The last bytes reach a full disk no sooner than here.
  whole = file:close() and whole
  return whole ~= nil and os.rename(path .. ".new", path) == true
end

return files
