-- Pacing and reporting. LOAD_RATE: requests a second over all connections (open loop as far as wrk can); else a closed loop.
local rate = tonumber(os.getenv("LOAD_RATE") or "0")

if rate > 0 then
  local ffi = require("ffi")
  ffi.cdef("typedef struct { long s; long us; } litmus_time; int gettimeofday(litmus_time *t, void *zone);")
  local now = ffi.new("litmus_time")
  local due = nil
  delay = function()
    ffi.C.gettimeofday(now, nil)
    local ms = tonumber(now.s) * 1000 + tonumber(now.us) / 1000
    due = (due or ms) + 1000 / rate
    if due < ms - 1000 then due = ms end
    return math.max(0, math.floor(due - ms))
  end
end

-- What wrk saw, as one line of JSON. Latencies in milliseconds.
done = function(summary, latency, _)
  io.write(string.format(
    '\nRESULT {"requests":%d,"seconds":%.3f,"per_second":%.1f,"p50_ms":%.3f,"p90_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,"errors":%d,"not_2xx":%d}\n',
    summary.requests, summary.duration / 1e6, summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1e3,
    latency:percentile(90) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout, summary.errors.status))
end
