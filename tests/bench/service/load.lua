-- Asks the paths of a file in turn, "%n" being a number that no request had before; every line of
-- the file of headers is "Name: value". Counts what was answered, by status.
local paths, headers, counts, number = {}, {}, {}, 0

for line in io.lines(os.getenv("LOAD_PATHS")) do
  paths[#paths + 1] = line
end
for line in io.lines(os.getenv("LOAD_HEADERS")) do
  local name, value = line:match("^([^:]+): (.*)$")
  headers[name] = value
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function request()
  number = number + 1
  local path = paths[(number % #paths) + 1]:gsub("%%n", tostring(number))
  return wrk.format("GET", path, headers)
end

function response(status)
  counts[status] = (counts[status] or 0) + 1
  told = ""
  for code, count in pairs(counts) do
    told = told .. code .. "=" .. count .. " "
  end
end

function done(summary, latency)
  io.write(string.format("took %d\np99 %d\nlost %d\n", summary.duration, latency:percentile(99),
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
  for _, thread in ipairs(threads) do
    io.write("answers ", thread:get("told") or "", "\n")
  end
end
