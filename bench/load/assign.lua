-- New units, one a request, each into one of a hundred experiments, three attributes kept. LOAD_EXPOSE logs exposures.
package.path = os.getenv("LOAD_FOLDER") .. "/?.lua;" .. package.path
local units = require("units")
local n, _ = units.seed()
local extra = os.getenv("LOAD_EXPOSE") and ',"log_exposure":true' or ""
local headers = { ["content-type"] = "application/json", ["authorization"] = "Bearer " .. os.getenv("LOAD_TOKEN") }

request = function()
  n = n + 1
  local body = '{"unit_id":"' .. units.id(n) .. '","attributes":{"country":"CA","device":"mobile","browser":"firefox"}' .. extra .. '}'
  return wrk.format("POST", "/api/v1/experiments/" .. units.experiment(n) .. "/assign", headers, body)
end
require("report")
