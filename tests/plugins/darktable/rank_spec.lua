local rank = require("lib/rank")

local tests = {}

local function rows(...)
  local made = {}
  for number, overall in ipairs({ ... }) do
    made[number] = { path = ("/%02d"):format(number), overall = overall, decision = "keep" }
  end
  return made
end

local function paths(list)
  local found = {}
  for number, row in ipairs(list) do
    found[number] = row.path
  end
  return table.concat(found, " ")
end

function tests.numbers_are_ordered_as_numbers_and_equals_by_path()
  same(paths(rank.by(rows("9.5", "10.00", "2.0", "9.50"), "overall")), "/02 /01 /04 /03")
end

function tests.what_has_no_score_is_left_out()
  same(paths(rank.by(rows("3", "", "5"), "overall")), "/03 /01")
end

function tests.the_best_share_is_one_of_all_scored()
  same(paths(rank.best(rows("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"), 20)), "/10 /09")
  same(#rank.best(rows("1", "2", "3"), 100), 3)
end

function tests.the_best_are_at_least_one_and_no_rejects()
  local few = rows("3", "9", "5")
  few[2].decision = "reject"
  same(paths(rank.best(few, 1)), "/03")
  same(#rank.best({}, 10), 0)
end

function tests.decisions_are_found()
  local some = rows("3", "9")
  some[2].decision = "review"
  same(paths(rank.decided(some, "review")), "/02")
end

return tests
