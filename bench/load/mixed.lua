-- Every second call is for a new unit, the others for units of a small circle. LOAD_EXPOSE logs an exposure with each call.
package.path = os.getenv("LOAD_FOLDER") .. "/?.lua;" .. package.path
local units = require("units")
local from, circle = units.seed()
local n, again = from, 0
local extra = os.getenv("LOAD_EXPOSE") and ',"log_exposure":true' or ""
local headers = { ["content-type"] = "application/json", ["authorization"] = "Bearer " .. os.getenv("LOAD_TOKEN") }
local new = false

request = function()
  local unit
  new = not new
  if new then
    n = n + 1
    unit = n
  else
    again = (again + 1) % circle
    unit = again
  end
  local body = '{"unit_id":"' .. units.id(unit) .. '","attributes":{"country":"CA","device":"mobile","browser":"firefox"}' .. extra .. '}'
  return wrk.format("POST", "/api/v1/experiments/" .. units.experiment(unit) .. "/assign", headers, body)
end
require("report")
