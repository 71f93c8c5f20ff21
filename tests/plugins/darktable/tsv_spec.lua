local tsv = require("lib/tsv")

local tests = {}

function tests.cells_of_any_bytes_come_back()
  for _, text in ipairs({
    "",
    "a",
    "\t",
    "\n",
    "\r",
    "\\",
    "\\t",
    "\\\\n",
    "a\tb\nc\\d\re",
    "\xff\xfe\x80",
    "tab\\\there",
  }) do
    local cell = tsv.escape(text)
    assert(not cell:find("[\t\n\r]"), cell)
    same(tsv.unescape(cell), text)
  end
end

function tests.an_answer_has_notes_and_rows_by_column()
  local text = "#realqa-tsv\t1\n#agent\trests\ton battery\n#queue\t3\t\nname\tpath\n\\t\t/a b\n\t/c\n"
  same(tsv.read(text), {
    notes = { ["realqa-tsv"] = { "1" }, agent = { "rests", "on battery" }, queue = { "3", "" } },
    rows = { { name = "\t", path = "/a b" }, { name = "", path = "/c" } },
  })
end

function tests.columns_that_nobody_knows_do_no_harm()
  same(tsv.read("#realqa-tsv\t1\nnew\tpath\nx\t/a\n").rows[1].path, "/a")
end

function tests.a_path_may_begin_with_a_hash()
  same(tsv.read("#realqa-tsv\t1\nname\n#x\n").rows, { { name = "#x" } })
end

function tests.a_short_row_has_empty_cells()
  same(tsv.read("#realqa-tsv\t1\na\tb\n1\n").rows, { { a = "1", b = "" } })
end

function tests.a_higher_version_is_refused_and_named()
  same({ tsv.read("#realqa-tsv\t2\npath\n") }, { nil, 2 })
end

function tests.what_is_no_table_or_was_cut_off_is_refused()
  for _, text in ipairs({
    "",
    "nonsense",
    "path\n/a\n",
    "#realqa-tsv\t1\n",
    "#realqa-tsv\t1\npath\n/a",
    "#realqa-tsv\n",
  }) do
    same({ tsv.read(text) }, {})
  end
end

function tests.what_is_written_can_be_read()
  local rows = { { path = "/a\tb\n", stars = -1 }, { path = "/\xff", keywords = "RealQA|x;RealQA|y" } }
  local answer = tsv.read(tsv.write({ "path", "stars", "keywords" }, rows))
  same(answer.rows, {
    { path = "/a\tb\n", stars = "-1", keywords = "" },
    { path = "/\xff", stars = "", keywords = "RealQA|x;RealQA|y" },
  })
end

function tests.paths_are_lines()
  same(tsv.lines({ "/a b", "/c\nd" }), "/a b\n/c\\nd\n")
  same(tsv.lines({}), "")
end

function tests.a_list_is_split()
  same(tsv.list("a|b;c"), { "a|b", "c" })
  same(tsv.list(""), {})
  same(tsv.list(nil), {})
end

return tests
