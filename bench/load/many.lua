-- A hundred new units in one call.
package.path = os.getenv("LOAD_FOLDER") .. "/?.lua;" .. package.path
local units = require("units")
local n, _ = units.seed()
local headers = { ["content-type"] = "application/json", ["authorization"] = "Bearer " .. os.getenv("LOAD_TOKEN") }

request = function()
  local parts = {}
  for k = 1, 100 do
    n = n + 1
    parts[k] = '{"experiment_id":"' .. units.experiment(n) .. '","unit_id":"' .. units.id(n)
      .. '","attributes":{"country":"CA","device":"mobile","browser":"firefox"}}'
  end
  return wrk.format("POST", "/api/v1/assignments", headers, '{"requests":[' .. table.concat(parts, ",") .. "]}")
end
require("report")
