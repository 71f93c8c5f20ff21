local i18n = require("lib/i18n")
local view = require("lib/view")

local tests = {}

function tests.the_status_tells_agent_queue_and_time()
  same(
    view.status({ agent = { "runs", "" }, queue = { "12", "200" } }, 12),
    "agent at work, 12 in the queue, about 4 minutes"
  )
  same(view.status({ agent = { "runs", "" }, queue = { "0", "" } }, 0), "agent at work")
end

function tests.the_status_tells_why_nothing_happens_and_who_waits()
  same(
    view.status({ agent = { "rests", "on battery" }, queue = { "1", "" } }, 1),
    "agent rests (on battery), 1 in the queue\n1 photo waits for it"
  )
end

function tests.times_are_rough()
  same(view.duration(0.2), "1 second")
  same(view.duration(89), "89 seconds")
  same(view.duration(91), "2 minutes")
  same(view.duration(7200), "2 hours")
end

function tests.lines_are_broken_at_spaces_and_count_characters()
  same(view.wrap("aaa bbb ccc", 7), "aaa bbb\nccc")
  same(view.wrap("éé éé éé", 5), "éé éé\néé")
  same(view.wrap("one\ntwo", 40), "one\ntwo")
  same(view.wrap("unbreakable", 4), "unbreakable")
  same(view.wrap("", 4), "")
  same(view.wrap("\xff\xff \xff", 2), "\xff\xff\n\xff")
end

function tests.stars_are_drawn()
  same(view.stars("3"), "★★★☆☆")
  same(view.stars("-1"), "reject")
  same(view.stars(""), "")
end

local ROW = {
  state = "scored",
  overall = "7.14",
  quality = "8.05",
  aesthetic = "6.20",
  decision = "keep",
  stars = "4",
  reason = "",
  composition = "7",
  composition_score = "7.00",
  composition_reason = "on a third",
  image_clarity = "sharp",
  image_clarity_score = "8.10",
  exposure = "unknown",
  exposure_score = "",
}

function tests.a_photo_is_shown_with_scores_and_attributes()
  local shown = view.photo("a.jpg", ROW)
  same({ shown.title, shown.scores }, { "a.jpg", "keep  ★★★★☆\noverall 7.1   quality 8.1   aesthetic 6.2" })
  same(shown.attributes.composition, { value = "7.0", reason = "on a third" })
  same(shown.attributes.image_clarity.value, "8.1  sharp")
  same(shown.attributes.exposure.value, "–  unknown")
end

function tests.a_photo_without_scores_says_why()
  same(view.photo("a.jpg", nil).reasons, "The agent doesn't know this photo yet.")
  same(view.photo("a.jpg", { state = "queued", reason = "" }).reasons, "Waits to be scored.")
  same(
    view.photo("a.jpg", { state = "refused", reason = "corrupt: cut off" }).reasons,
    "Can't be scored.\ncorrupt: cut off"
  )
end

function tests.several_photos_are_counted_and_averaged()
  local other = { state = "scored", overall = "3", quality = "3", aesthetic = "3", decision = "reject" }
  local shown = view.several({ ROW, other, { state = "queued" } }, 5)
  same(shown.title, "5 photos selected")
  same(shown.scores, "on average:\noverall 5.1   quality 5.5   aesthetic 4.6")
  same(shown.reasons, "2 of them scored\nkeep: 1\nto review: 0\nreject: 1")
end

function tests.every_attribute_has_a_name()
  same(#view.ATTRIBUTES, 10)
  for _, attribute in ipairs(view.ATTRIBUTES) do
    assert(view.name(attribute), attribute)
  end
end

function tests.texts_come_from_the_translation_that_is_put_in_later()
  local before = i18n.gettext
  i18n.gettext = function(text)
    return "<" .. text .. ">"
  end
  local name = view.name("exposure")
  i18n.gettext = before
  same(name, "<exposure>")
end

return tests
