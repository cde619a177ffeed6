// Numbers and dates for people, in the browser's language. What is not there is an en dash, never NaN.
const NONE = '–'
const known = (v: number | null | undefined): v is number => typeof v === 'number' && Number.isFinite(v)
const typo = (s: string) => s.replace(/-/g, '\u2212') // a true minus sign

const formats = new Map<string, Intl.NumberFormat>()
function numbers(options: Intl.NumberFormatOptions) {
  const key = JSON.stringify(options)
  let format = formats.get(key)
  if (!format) formats.set(key, format = new Intl.NumberFormat(undefined, options))
  return format
}

/** A fraction as a percentage: +4.6%, −1.8%. */
export function pct(v: number | null | undefined, digits = 1, signed = true) {
  if (!known(v)) return NONE
  return typo(numbers({ style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: signed ? 'exceptZero' : 'negative' }).format(v))
}

/** An interval of fractions; a bound that is null is infinitely far. */
export function interval(lo: number | null | undefined, hi: number | null | undefined, digits = 1) {
  if (!known(lo) && !known(hi)) return 'unbounded'
  if (!known(lo)) return `below ${pct(hi, digits)}`
  if (!known(hi)) return `above ${pct(lo, digits)}`
  return `${pct(lo, digits)} to ${pct(hi, digits)}`
}

/** A probability: never 0 % and never 100 %. */
export function prob(v: number | null | undefined) {
  if (!known(v)) return NONE
  if (v > 0.999) return `>${pct(0.999, 1, false)}`
  if (v < 0.001) return `<${pct(0.001, 1, false)}`
  return pct(v, 1, false)
}

export const count = (v: number | null | undefined) => (known(v) ? typo(numbers({}).format(v)) : NONE)
export const compact = (v: number | null | undefined) => (known(v) ? typo(numbers({ notation: 'compact', maximumFractionDigits: 1 }).format(v)) : NONE)
/** A value of a metric, three significant digits more than its thousands need. */
export const amount = (v: number | null | undefined) => (known(v) ? typo(numbers({ maximumFractionDigits: Math.abs(v) >= 100 ? 0 : Math.abs(v) >= 1 ? 2 : 4 }).format(v)) : NONE)

const dates = (options: Intl.DateTimeFormatOptions) => {
  let format: Intl.DateTimeFormat | undefined
  return (t: number | string | null | undefined) => {
    const date = t === null || t === undefined ? Number.NaN : new Date(t).getTime()
    if (Number.isNaN(date)) return NONE
    return (format ??= new Intl.DateTimeFormat(undefined, options)).format(date)
  }
}
/** 20 Nov */
export const day = dates({ day: 'numeric', month: 'short' })
/** 20 Nov 2026 */
export const date = dates({ day: 'numeric', month: 'short', year: 'numeric' })
/** 20 Nov 2026, 09:00 CET: with the zone, so that nobody has to guess. */
export const dateTime = dates({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' })
/** 09:00:12 */
export const clock = dates({ hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** How long ago, in one unit. `now`: `useServerClock().now`. */
export function ago(t: string | number | null | undefined, now: number) {
  const then = t === null || t === undefined ? Number.NaN : new Date(t).getTime()
  if (Number.isNaN(then)) return NONE
  const s = Math.max(0, (now - then) / 1000)
  return s < 60 ? 'just now' : `${span(s)} ago`
}

/** A length of time in seconds, in one unit: 40 s, 12 min, 5 h, 24 d. */
export function span(seconds: number | null | undefined) {
  if (!known(seconds)) return NONE
  const s = Math.max(0, seconds)
  if (s < 90) return `${Math.round(s)} s`
  if (s < 5400) return `${Math.round(s / 60)} min`
  if (s < 129_600) return `${Math.round(s / 3600)} h`
  return `${Math.round(s / 86_400)} d`
}

/** The zone that times are shown in, as people abbreviate it: CET, GMT+2. */
export const zone = (at: number = Date.now()) => new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' }).formatToParts(at).find(part => part.type === 'timeZoneName')?.value ?? 'local time'

const hours = dates({ hour: '2-digit', minute: '2-digit' })
/** The label of a time on an axis that shows so many milliseconds: the hour, and the day where a day begins. */
export function axisTime(t: number, shown: number) {
  const at = new Date(t)
  if (shown > 20 * 86_400_000 || (at.getHours() === 0 && at.getMinutes() === 0 && shown > 3_600_000)) return day(t)
  return shown < 360_000 ? clock(t) : hours(t)
}

/** A number and its noun. */
export const many = (n: number | null | undefined, one: string) => `${count(n)} ${n === 1 ? one : `${one}s`}`
/** A number of a table in full: six significant digits. */
export const figure = (v: number | null | undefined) => (known(v) ? typo(numbers({ maximumSignificantDigits: 6 }).format(v)) : NONE)
/** A name cut to its place; by code points, so that nothing is torn apart. */
export const short = (name: string, most: number) => ([...name].length > most ? `${[...name].slice(0, most - 1).join('')}…` : name)
/** A number with so many decimals. */
export const decimal = (v: number | null | undefined, digits: number) => (known(v) ? typo(numbers({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(v)) : NONE)
