--- Command lines for /bin/sh. Pure.

local shell = {}

--- Given any word without NUL, return it so that the shell takes it as that one word.
function shell.quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- Given words, return a command line.
function shell.line(words)
  local quoted = {}
  for number, word in ipairs(words) do
    quoted[number] = shell.quote(word)
  end
  return table.concat(quoted, " ")
end

--- Given what `dt.control.execute` returned, return the exit status.
--
-- darktable hands on what system() says, where the exit status is in the upper byte.
function shell.exit_status(code)
  return code >= 256 and code // 256 or code
end

return shell
