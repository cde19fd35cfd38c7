-- wrk's side of a measurement: sends one request over and over, and checks every answer.
-- The argument is the folder with the request's parts and the beginning of its right answer.

local threads = {}
right, wrong, sample = 0, 0, ""

local function read(folder, name)
    local file = assert(io.open(folder .. "/" .. name, "rb"))
    local content = file:read("*a")
    file:close()
    return content
end

function setup(thread)
    table.insert(threads, thread)
end

function init(arguments)
    local folder = arguments[1]
    wrk.method = read(folder, "method")
    for name, value in read(folder, "headers"):gmatch("([^:\n]+): ([^\n]*)\n") do
        wrk.headers[name] = value
    end
    local body = read(folder, "body")
    if #body > 0 then wrk.body = body end
    expected = read(folder, "expected")
end

function response(status, headers, body)
    if status == 200 and body:find(expected, 1, true) == 1 then
        right = right + 1
    else
        wrong = wrong + 1
        if wrong == 1 then sample = status .. " " .. body:sub(1, 200) end
    end
end

function done(summary, latency)
    local rights, wrongs, first = 0, 0, ""
    for _, thread in ipairs(threads) do
        rights = rights + thread:get("right")
        wrongs = wrongs + thread:get("wrong")
        if first == "" then first = thread:get("sample") end
    end
    local errors = summary.errors
    print(string.format(
        '{"right": %d, "wrong": %d, "failed": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "sample": "%s"}',
        rights, wrongs, errors.connect + errors.read + errors.write + errors.timeout,
        summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        first:gsub('[%c"\\]', "'")
    ))
end
