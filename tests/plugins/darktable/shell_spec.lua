local shell = require("lib/shell")

local tests = {}

local function echoed(word)
  local file = os.tmpname()
  os.execute("printf %s " .. shell.quote(word) .. " >" .. shell.quote(file))
  local handle = io.open(file, "rb")
  local text = handle:read("a")
  handle:close()
  os.remove(file)
  return text
end

function tests.any_word_stays_one_word()
  for _, word in ipairs({
    "",
    "a b",
    "it's",
    '"',
    "$(touch x)",
    "`id`",
    "a\nb",
    "\\",
    "-n",
    "*",
    "~",
    "\xff\x01",
    "'''",
  }) do
    same(echoed(word), word)
  end
end

function tests.a_line_has_all_words()
  same(shell.line({ "a b", "c" }), "'a b' 'c'")
end

function tests.the_exit_status_is_in_the_upper_byte()
  same(shell.exit_status(0), 0)
  same(shell.exit_status(768), 3)
  same(shell.exit_status(127 * 256), 127)
end

return tests
