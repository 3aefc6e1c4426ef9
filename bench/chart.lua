--- A chart with logarithmic axes, as SVG.

local chart = {}

local WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 520, 320, 70, 40, 20, 50
local colors = { "#0b6bcb", "#c0392b", "#2e8b57" }

local function log10(number)
  return math.log(number, 10)
end

local function bounds(series, axis)
  local least, most = math.huge, -math.huge
  for _, line in ipairs(series) do
    for _, point in ipairs(line.points) do
      least, most = math.min(least, point[axis]), math.max(most, point[axis])
    end
  end
  return math.floor(log10(least)), math.max(math.ceil(log10(most)), math.floor(log10(least)) + 1)
end

local function scale(low, high, from, to)
  return function(value) return from + (log10(value) - low) / (high - low) * (to - from) end
end

local function add(out, format, ...)
  out[#out + 1] = format:format(...)
end

local function axes(out, x, y, low, high)
  for power = low.x, high.x do
    add(out, '<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#ddd"/>', x(10 ^ power), TOP, x(10 ^ power),
      HEIGHT - BOTTOM)
    add(out, '<text x="%.1f" y="%d" text-anchor="middle">%g</text>', x(10 ^ power), HEIGHT - BOTTOM + 16, 10 ^ power)
  end
  for power = low.y, high.y do
    add(out, '<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#ddd"/>', LEFT, y(10 ^ power), WIDTH - RIGHT,
      y(10 ^ power))
    add(out, '<text x="%d" y="%.1f" text-anchor="end">%g</text>', LEFT - 6, y(10 ^ power) + 4, 10 ^ power)
  end
end

local function line(out, x, y, one, index)
  local points = {}
  for _, point in ipairs(one.points) do
    points[#points + 1] = ("%.1f,%.1f"):format(x(point[1]), y(point[2]))
    add(out, '<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>', x(point[1]), y(point[2]), colors[index])
  end
  add(out, '<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>', table.concat(points, " "), colors[index])
  add(out, '<text x="%d" y="%d" fill="%s">%s</text>', LEFT + 10, TOP + 4 + 16 * index, colors[index], one.name)
end

--- Draws lines.
---@param title string
---@param x_name string
---@param series {name: string, points: number[][]}[] up to three; points are {x, y}, all above 0
---@return string svg
function chart.draw(title, x_name, series)
  local low, high = {}, {}
  low.x, high.x = bounds(series, 1)
  low.y, high.y = bounds(series, 2)
  local x = scale(low.x, high.x, LEFT, WIDTH - RIGHT)
  local y = scale(low.y, high.y, HEIGHT - BOTTOM, TOP)
  local out = {}
  add(out, '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">',
    WIDTH, HEIGHT)
  add(out, '<rect width="100%%" height="100%%" fill="white"/>')
  add(out, '<text x="%d" y="24" font-size="15">%s</text>', LEFT, title)
  axes(out, x, y, low, high)
  for index, one in ipairs(series) do line(out, x, y, one, index) end
  add(out, '<text x="%d" y="%d" text-anchor="middle">%s</text>', (LEFT + WIDTH - RIGHT) // 2, HEIGHT - 12, x_name)
  add(out, "</svg>")
  return table.concat(out, "\n") .. "\n"
end

return chart
