// From values to pixels: what charts are drawn with. Axes have round numbers, and times that clocks and calendars have.

export type Range = readonly [number, number]

/** A map from values to pixels that is a straight line. */
export interface Scale {
  (value: number): number
  /** The value at a pixel. */
  invert: (pixel: number) => number
  domain: Range
  /** About `most` round values inside of the domain: 1, 2 or 5 times a power of ten apart. */
  ticks: (most: number) => number[]
}

export function linear(domain: Range, range: Range): Scale {
  const [a, b] = domain
  const [c, d] = range
  const to = (value: number) => (b === a ? (c + d) / 2 : c + (d - c) * (value - a) / (b - a))
  return Object.assign(to, { domain, invert: (pixel: number) => (d === c ? a : a + (b - a) * (pixel - c) / (d - c)), ticks: (most: number) => ticks(domain, most) })
}

function roundStep(span: number, most: number) {
  const rough = span / Math.max(1, most)
  const power = 10 ** Math.floor(Math.log10(rough))
  const over = rough / power
  return { factor: over >= Math.sqrt(50) ? 10 : over >= Math.sqrt(10) ? 5 : over >= Math.SQRT2 ? 2 : 1, power }
}

function ticks([from, to]: Range, most: number): number[] {
  if (!(to > from)) return from === to ? [from] : []
  const { factor, power } = roundStep(to - from, most)
  // by division where the step is below one, so that 0.3 is 0.3
  const at = power < 1 ? (k: number) => k * factor / Math.round(1 / power) : (k: number) => k * factor * power
  const step = factor * power
  const [first, last] = [Math.ceil(from / step - 1e-9), Math.floor(to / step + 1e-9)]
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => at(first + k) + 0)
}

/** The domain, let out to round ends. */
export function nice([from, to]: Range, most: number): Range {
  if (!(to > from)) return [from, to]
  const { factor, power } = roundStep(to - from, most)
  const step = factor * power
  return [Math.floor(from / step + 1e-9) * step, Math.ceil(to / step - 1e-9) * step]
}

export function extent(values: readonly number[]): Range | null {
  let [lo, hi] = [Infinity, -Infinity]
  for (const each of values) {
    if (each < lo) lo = each
    if (each > hi) hi = each
  }
  return lo <= hi ? [lo, hi] : null
}

const DAY = 86_400_000
const SECONDS = [1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10_800, 21_600, 43_200]
const DAYS = [1, 2, 7]
const MONTHS = [1, 3, 12, 60]

/** Times for an axis of so many pixels, as a clock of the reader's zone has them, and so far apart that no label touches another. */
export function timeTicks(scale: Scale, width: number): number[] {
  const [from, to] = scale.domain
  if (!(to > from)) return []
  const least = (to - from) * 80 / Math.max(80, width)
  const began = new Date(from)
  const [year, month, day] = [began.getFullYear(), began.getMonth(), began.getDate()]
  const seconds = SECONDS.find(each => each * 1000 >= least)
  const days = DAYS.find(each => each * DAY >= least)
  const months = MONTHS.find(each => each * 28 * DAY >= least) ?? 120 * Math.ceil(least / (120 * 28 * DAY))
  // the k-th candidate since the beginning of the day, the month or the year: clocks that jump are the browser's business
  const at = seconds
    ? (k: number) => new Date(year, month, day, 0, 0, k * seconds)
    : days
      ? (k: number) => new Date(year, month, days === 7 ? day - (began.getDay() + 6) % 7 + 7 * k : day + days * k)
      : (k: number) => new Date(months >= 12 ? Math.floor(year / (months / 12)) * (months / 12) : year, k * months, 1)
  const found: number[] = []
  for (let k = seconds ? Math.max(0, Math.floor((from - +at(0) - 7_200_000) / (seconds * 1000))) : 0; ; k++) {
    const t = +at(k)
    if (!(t <= to)) return found
    const px = scale(t)
    if (t >= from && t !== found.at(-1) && px > 10 && px < width - 10) found.push(t)
  }
}

/** `d` of a line; null is a gap. A point between gaps is a dot where lines have round ends. */
export function linePath(points: readonly (Range | null)[]): string {
  return runs(points).map(run => (run.length === 1 ? `M${xy(run[0]!)}Z` : `M${run.map(xy).join('L')}`)).join('')
}

/** `d` of an area between two lines: x, y below, y above; null is a gap. */
export function areaPath(points: readonly (readonly [number, number, number] | null)[]): string {
  return runs(points).map(run => `M${run.map(([x, , top]) => xy([x, top])).join('L')}L${[...run].reverse().map(([x, bottom]) => xy([x, bottom])).join('L')}Z`).join('')
}

const xy = ([x, y]: readonly number[]) => `${Math.round(x! * 100) / 100},${Math.round(y! * 100) / 100}`

function runs<P>(points: readonly (P | null)[]): P[][] {
  const all: P[][] = [[]]
  for (const each of points) {
    if (each !== null) all.at(-1)!.push(each)
    else if (all.at(-1)!.length) all.push([])
  }
  return all.filter(run => run.length)
}
