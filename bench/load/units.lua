-- Units of the loads. Their ids are spread over the whole index, as random ids are, unless LOAD_ORDERED: then they grow,
-- as numbers and version-7 ids do. Each is assigned to one of the hundred experiments: unit n to bench-(n mod 100).
local units = {}
local ordered = os.getenv("LOAD_ORDERED")

function units.id(n)
  if ordered then
    return "user-" .. string.format("%d", n)
  end
  return string.format("%08x-%d", (n % 4194304 * 2654435761) % 4294967296, n)
end

function units.experiment(n)
  return "bench-" .. (n % 100)
end

local clock = os.time()
local sequence = 0

-- Version 7: time first, so that the newest ids lie side by side in the index.
function units.event_id()
  sequence = sequence + 1
  local ms = clock * 1000 + math.floor(sequence / 64)
  return string.format("%08x-%04x-7%03x-a%03x-%06x%06x", math.floor(ms / 65536), ms % 65536, sequence % 4096,
    math.random(0, 4095), math.random(0, 16777215), math.random(0, 16777215))
end

function units.seed()
  math.randomseed(tonumber(os.getenv("LOAD_SEED") or "1"))
  return tonumber(os.getenv("LOAD_FROM") or "0"), tonumber(os.getenv("LOAD_UNITS") or "1000000")
end

return units
