-- Runs a file of tests: each function of the table that it returns. Prints `NAME<TAB>ok`, or the error in place of ok.
--
-- usage: lua5.4 run.lua FOLDER_OF_THE_PLUGIN TESTS.lua
local plugin, tests = arg[1], arg[2]
package.path = plugin .. "/?.lua;" .. package.path

local function told(value)
  if type(value) ~= "table" then
    return type(value) == "string" and ("%q"):format(value) or tostring(value)
  end
  local cells, keys = {}, {}
  for key in pairs(value) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(one, other)
    return tostring(one) < tostring(other)
  end)
  for number, key in ipairs(keys) do
    cells[number] = tostring(key) .. "=" .. told(value[key])
  end
  return "{" .. table.concat(cells, ", ") .. "}"
end

--- Values are the same if they are told the same: tables by what is in them.
function same(value, wanted)
  if told(value) ~= told(wanted) then
    error(told(value) .. " instead of " .. told(wanted), 2)
  end
end

for name, test in pairs(dofile(tests)) do
  local well, why = pcall(test)
  print(name .. "\t" .. (well and "ok" or tostring(why):gsub("\n", " ")))
end
