// What people type into number fields. Text stays text until it is sent, so that nothing half typed is lost.

/** The number that a text says, null for an empty one, NaN for what is none. A single comma is a decimal point. */
export function typed(text: string | number | null | undefined): number | null {
  const plain = String(text ?? '').trim().replace(/[\u2212\u2013]/g, '-').replace(/[\s\u00a0\u202f%]/g, '')
  if (!plain) return null
  const dotted = /^[^,.]*,[^,.]*$/.test(plain) ? plain.replace(',', '.') : plain
  return /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(dotted) ? Number(dotted) : Number.NaN
}

/** A share that was typed as per cent, in whole millionths. */
export function typedShare(text: string): number | null {
  const number = typed(text)
  return number === null ? null : millionths(number / 100)
}

export const millionths = (v: number) => Math.round(v * 1e6) / 1e6
/** A number as it is typed: no separators, a point, at most ten significant digits. */
export const plainNumber = (v: number | null | undefined) => (typeof v === 'number' && Number.isFinite(v) ? String(Number(v.toPrecision(10))) : '')
/** A fraction as typed per cent. */
export const plainShare = (v: number | null | undefined) => (typeof v === 'number' ? plainNumber(v * 100) : '')
