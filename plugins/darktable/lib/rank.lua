--- Orders and shares of scored photos. Pure.

local rank = {}

--- Given rows with a `path`, return those that have a number in the column, best first; equals by path.
function rank.by(rows, column)
  local scored = {}
  for _, row in ipairs(rows) do
    if tonumber(row[column]) then
      scored[#scored + 1] = row
    end
  end
  table.sort(scored, function(one, other)
    local a, b = tonumber(one[column]), tonumber(other[column])
    if a ~= b then
      return a > b
    end
    return one.path < other.path
  end)
  return scored
end

--- Given rows and a share in percent, return the best of those that are no rejects: at least one, if there is any.
--
-- The share is one of all that are scored, so that many rejects don't make for few keepers.
function rank.best(rows, percent)
  local ordered = rank.by(rows, "overall")
  local most = math.max(1, math.floor(#ordered * percent / 100 + 0.5))
  local best = {}
  for _, row in ipairs(ordered) do
    if row.decision ~= "reject" and #best < most then
      best[#best + 1] = row
    end
  end
  return best
end

--- Given rows, return those with this decision.
function rank.decided(rows, decision)
  local found = {}
  for _, row in ipairs(rows) do
    if row.decision == decision then
      found[#found + 1] = row
    end
  end
  return found
end

return rank
