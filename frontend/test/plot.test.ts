import { describe, expect, it } from 'vitest'
import { areaPath, extent, linear, linePath, nice, timeTicks } from '~/utils/plot'

describe('a scale', () => {
  it('goes there and back', () => {
    const scale = linear([10, 20], [0, 500])
    expect([scale(10), scale(15), scale(20)]).toEqual([0, 250, 500])
    expect(scale.invert(scale(13))).toBeCloseTo(13)
  })
  it('has no width in its middle, and never NaN', () => {
    expect(linear([3, 3], [0, 100])(3)).toBe(50)
    expect(linear([0, 1], [7, 7]).invert(7)).toBe(0)
  })
  it.each([
    [[0, 1], 5, [0, 0.2, 0.4, 0.6, 0.8, 1]], [[-0.3, 0.3], 6, [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]], [[0, 12_345], 3, [0, 5000, 10_000]], [[0.00012, 0.00031], 2, [0.0002, 0.0003]], [[5, 5], 4, [5]], [[2, 1], 4, []]
  ] as const)('has round values inside of %j', (domain, most, expected) => {
    expect(linear(domain as unknown as [number, number], [0, 1]).ticks(most)).toEqual(expected)
  })
  it('is let out to round ends', () => {
    expect(nice([0.3, 97], 5)).toEqual([0, 100])
    expect(nice([4, 4], 5)).toEqual([4, 4])
  })
})

describe('times of an axis', () => {
  const on = (from: Date, to: Date, width = 800) => timeTicks(linear([+from, +to], [0, width]), width).map(t => new Date(t))
  it.each([
    ['minutes', 10 * 60, 1], ['hours', 5 * 3600, 30], ['days', 5 * 86_400, 720], ['weeks', 60 * 86_400, 1440]
  ] as const)('are those of a clock: %s', (_, seconds, minutes) => {
    const from = new Date(2026, 4, 4, 9, 13, 21)
    const found = on(from, new Date(+from + seconds * 1000))
    expect(found.length).toBeGreaterThan(3)
    for (const each of found) expect((each.getHours() * 60 + each.getMinutes()) % minutes + each.getSeconds()).toBe(0)
  })
  it('are firsts of a month over a year, and years over decades', () => {
    for (const each of on(new Date(2025, 1, 3), new Date(2026, 1, 20))) expect(each.getDate()).toBe(1)
    for (const each of on(new Date(1990, 1, 3), new Date(2026, 1, 20))) expect([each.getMonth(), each.getDate()]).toEqual([0, 1])
  })
  it('are apart by the width of a label, whatever is shown', () => {
    for (let seconds = 1; seconds < 1e9; seconds *= 1.7) {
      const scale = linear([1_790_000_000_000, 1_790_000_000_000 + seconds * 1000], [0, 500])
      const pixels = timeTicks(scale, 500).map(scale)
      for (const [k, px] of pixels.slice(1).entries()) expect(px - pixels[k]!).toBeGreaterThan(60)
      if (seconds > 3) expect(pixels.length).toBeGreaterThan(0)
    }
  })
  it('are none where nothing is shown', () => {
    expect(timeTicks(linear([5, 5], [0, 100]), 100)).toEqual([])
    expect(timeTicks(linear([NaN, NaN], [0, 100]), 100)).toEqual([])
  })
})

describe('a path', () => {
  it('has gaps where nothing is known, and a dot between two gaps', () => {
    expect(linePath([[0, 1], [1, 2], null, [3, 3.14159], null])).toBe('M0,1L1,2M3,3.14Z')
    expect(areaPath([[0, 10, 1], [1, 10, 2], null])).toBe('M0,1L1,2L1,10L0,10Z')
    expect(linePath([])).toBe('')
  })
  it('has an extent only where there is something', () => {
    expect(extent([3, -1, 2])).toEqual([-1, 3])
    expect(extent([])).toBeNull()
  })
})
