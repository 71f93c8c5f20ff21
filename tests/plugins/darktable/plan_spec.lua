local plan = require("lib/plan")

local tests = {}

local INITIAL = 1

local function row(more)
  local made = { path = "/a.jpg", stars = "4", stars_written = "", human = "0", keywords = "", keywords_written = "" }
  for key, value in pairs(more or {}) do
    made[key] = value
  end
  return made
end

local function seen(rating, ...)
  local tags = {}
  for _, name in ipairs({ ... }) do
    tags[name] = true
  end
  return { rating = rating, tags = tags, initial = INITIAL }
end

function tests.stars_are_free_as_darktable_gave_them_or_as_the_agent_did()
  -- what the agent wrote, what is there, whether it is free
  for _, case in ipairs({
    { "", 1, true },
    { "", 0, true },
    { "", 2, false },
    { "", 5, false },
    { "", -1, false },
    { "3", 3, true },
    { "3", 4, false },
    { "3", 1, false },
    { "3", 0, false },
    { "-1", -1, true },
    { "-1", 0, false },
  }) do
    same(plan.free(row({ stars_written = case[1] }), case[2], INITIAL), case[3])
  end
end

function tests.stars_in_a_sidecar_that_darktable_never_read_keep_nobody_back()
  for rating, free in pairs({ [1] = true, [0] = true, [4] = true, [2] = false, [-1] = false }) do
    same(plan.free(row({ stars_written = "4", stars_unread = "1" }), rating, INITIAL), free)
  end
  local change = plan.changes(row({ stars_written = "4", stars_unread = "1" }), seen(1), true)
  same({ change.rating, change.stars, change.human }, { 4, 4, nil })
end

function tests.what_the_agent_knows_as_a_humans_is_never_free()
  for rating = -1, 5 do
    same(plan.free(row({ human = "1" }), rating, INITIAL), false)
  end
end

function tests.the_initial_rating_is_the_users_setting()
  same(plan.free(row(), 3, 3), true)
  same(plan.free(row(), 1, 3), false)
end

function tests.free_stars_are_set_and_are_the_agents()
  local change = plan.changes(row(), seen(1), true)
  same({ change.rating, change.stars, change.human, change.kept }, { 4, 4, nil, false })
end

function tests.a_reject_is_set_likewise()
  same(plan.changes(row({ stars = "-1" }), seen(0), true).rating, -1)
end

function tests.stars_that_are_there_already_become_the_agents()
  local change = plan.changes(row({ stars = "1" }), seen(1), true)
  same({ change.rating, change.stars }, { nil, 1 })
  assert(plan.is_empty(change))
end

function tests.a_humans_stars_stay()
  local change = plan.changes(row(), seen(5), true)
  same({ change.rating, change.stars, change.human, change.kept }, { nil, nil, nil, true })
end

function tests.a_human_who_changed_the_agents_stars_is_told_of()
  for _, rating in ipairs({ -1, 0, 1, 5 }) do
    local change = plan.changes(row({ stars_written = "3" }), seen(rating), true)
    same({ change.rating, change.stars, change.human }, { nil, nil, rating })
  end
end

function tests.a_human_of_the_same_opinion_keeps_nothing_back()
  same(plan.changes(row({ stars = "5" }), seen(5), true).kept, false)
end

function tests.where_only_tags_may_be_set_no_star_is()
  local change = plan.changes(row({ keywords = "RealQA|reject" }), seen(1), false)
  same({ change.rating, change.stars, change.attach, change.kept }, { nil, nil, { "RealQA|reject" }, false })
end

function tests.where_only_tags_may_be_set_the_agents_stars_stay_its_own()
  local change = plan.changes(row({ stars_written = "2" }), seen(2), false)
  same({ change.rating, change.stars }, { nil, 2 })
end

function tests.keywords_are_added_and_outdated_ones_taken_off()
  local changed = row({ keywords = "RealQA|b;RealQA|c", keywords_written = "RealQA|a;RealQA|b" })
  local change = plan.changes(changed, seen(1, "RealQA|a", "RealQA|b", "RealQA|mine", "sea"), true)
  same(change.attach, { "RealQA|c" })
  same(change.detach, { "RealQA|a" })
  same(change.keywords, { "RealQA|b", "RealQA|c" })
end

function tests.a_keyword_that_a_human_took_off_is_not_added_again_nor_forgotten()
  local change = plan.changes(row({ keywords = "RealQA|a", keywords_written = "RealQA|a" }), seen(1), true)
  same({ change.attach, change.detach, change.keywords }, { {}, {}, { "RealQA|a" } })
end

function tests.a_keyword_that_a_human_added_is_left_alone()
  local change = plan.changes(row({ keywords = "RealQA|a" }), seen(1, "RealQA|a", "RealQA|b"), true)
  same({ change.attach, change.detach, change.keywords }, { {}, {}, {} })
end

function tests.the_agent_is_told_only_what_it_does_not_know()
  local known = row({ stars_written = "4", keywords = "RealQA|a", keywords_written = "RealQA|a" })
  same(plan.is_news(known, plan.changes(known, seen(4, "RealQA|a"), true)), false)
  same(plan.is_news(known, plan.changes(known, seen(2, "RealQA|a"), true)), true)
  same(plan.is_news(row(), plan.changes(row(), seen(1), true)), true)
  same(plan.is_news(row(), plan.changes(row(), seen(5), true)), false)
end

local function done(more)
  local made =
    { before = 1, after = 4, attached = { "RealQA|a" }, detached = { "RealQA|b" }, keywords = { "RealQA|a" } }
  for key, value in pairs(more or {}) do
    made[key] = value
  end
  return made
end

function tests.undo_puts_back_what_was_there()
  local change = plan.reverse(done(), seen(4, "RealQA|a"))
  same({ change.rating, change.stars, change.human }, { 1, nil, nil })
  same({ change.attach, change.detach, change.keywords }, { { "RealQA|b" }, { "RealQA|a" }, { "RealQA|b" } })
end

function tests.undo_leaves_what_a_human_changed_since()
  local change = plan.reverse(done(), seen(5))
  same({ change.rating, change.human, change.detach }, { nil, 5, {} })
end

function tests.undo_gives_the_agent_back_the_stars_that_it_had_set_before()
  local change = plan.reverse(done({ before = 2, stars = 2 }), seen(4, "RealQA|a"))
  same({ change.rating, change.stars }, { 2, 2 })
end

function tests.undo_of_tags_alone_leaves_the_stars()
  local change = plan.reverse(done({ after = false, stars = 3 }), seen(3, "RealQA|a"))
  same({ change.rating, change.stars, change.human }, { nil, 3, nil })
end

return tests
