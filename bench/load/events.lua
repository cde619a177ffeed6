-- Events of assigned units: one exposure, then metrics. LOAD_BATCH events a request (1: a bare event).
-- LOAD_UNNAMED: metric events name no experiment.
package.path = os.getenv("LOAD_FOLDER") .. "/?.lua;" .. package.path
local units = require("units")
local n, circle = units.seed()
local batch = tonumber(os.getenv("LOAD_BATCH") or "500")
local unnamed = os.getenv("LOAD_UNNAMED")
local headers = { ["content-type"] = "application/json", ["authorization"] = "Bearer " .. os.getenv("LOAD_TOKEN") }
local k = 0

local function event()
  k = k + 1
  local unit = math.floor(k / 5) % circle
  local named = '","experiment_id":"' .. units.experiment(unit)
  if k % 5 == 0 then
    return '{"event_id":"' .. units.event_id() .. '","type":"exposure","unit_id":"' .. units.id(unit) .. named .. '"}'
  end
  local where = unnamed and "" or named
  if k % 5 == 1 then
    return '{"event_id":"' .. units.event_id() .. '","type":"conversion","unit_id":"' .. units.id(unit) .. where .. '"}'
  end
  return '{"event_id":"' .. units.event_id() .. '","type":"metric","metric_name":"order_value","value":' .. (k % 997) .. '.25,"unit_id":"'
    .. units.id(unit) .. where .. '"}'
end

request = function()
  if batch == 1 then
    return wrk.format("POST", "/api/v1/events", headers, event())
  end
  local parts = {}
  for place = 1, batch do
    parts[place] = event()
  end
  return wrk.format("POST", "/api/v1/events", headers, '{"events":[' .. table.concat(parts, ",") .. "]}")
end
require("report")
