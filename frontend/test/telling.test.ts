import { describe, expect, it } from 'vitest'
import { normalCurve } from '~/utils/distributions'
import { told, verdictSentence } from '~/utils/telling'
import { dateTime, pct } from '~/utils/format'
import { effect, estimate, metric, report, variant } from './reports'

const names = { variants: [{ key: 'control', name: 'As it is' }, { key: 'b', name: 'Blue' }, { key: 'new-one', name: 'الجديد' }], metrics: ['order_value', 'error'] }
const said = (text: string) => text.replace(/[\u2068\u2069]/g, '')

describe('a sentence of the server', () => {
  it('has names for keys, and leaves words that only look like keys alone', () => {
    expect(said(told('new-one harms order_value; it is no control. An error in a unit of b.', names))).toBe('الجديد harms Order value; it is no As it is. An error in a unit of b.')
    expect(told('new-one2 and xnew-one stay', names)).toBe('new-one2 and xnew-one stay')
    expect(told('new-one', names)).toBe('\u2068الجديد\u2069')
  })
  it('has times in the reader’s zone and numbers in the reader’s language', () => {
    expect(told('Keep waiting until 2026-11-27 20:15 UTC, so', names)).toBe(`Keep waiting until ${dateTime('2026-11-27T20:15:00Z')}, so`)
    expect(told('by 4.60% (+1.2% to -8.0%)', names)).toBe(`by ${pct(0.046, 2, false)} (${pct(0.012)} to ${pct(-0.08)})`)
    expect(told('12,345 more', names)).toBe(`${(12345).toLocaleString()} more`)
  })
  it('is text whatever names hold', () => {
    const odd = { variants: [{ key: 'a.b*(c', name: '$& <b>' }], metrics: [] }
    expect(said(told('Ship a.b*(c now', odd))).toBe('Ship $& <b> now')
  })
})

describe('the verdict', () => {
  const verdict = (value: string, given = {}) => ({ value, action: '', sentence: 'the server’s own 2026-11-27 20:15 UTC', subject: 'b', metric: 'order_value', proven: true, reasons: [], choices: [], until: null, ...given })
  const of = (value: string, effects = [effect('b')], given = {}) => verdictSentence({
    ...report([metric('order_value', effects)], [variant('control', { variant_name: 'As it is' }), variant('b', { variant_name: 'Blue' })]), verdict: verdict(value, given)
  } as never)
  it('is told by its values, with the names of variants and metric', () => {
    expect(said(of('ship'))).toBe(`Ship Blue: it is better than As it is on Order value by ${pct(0.2, 1, false)} (${pct(0.05)} to ${pct(0.35)}), which is proven at every look at once.`)
    expect(said(of('ship', [effect('b', { lift: estimate(null, null, null) })], { proven: false }))).toBe('Ship Blue: it is better than As it is on Order value.')
    expect(said(of('stop_guardrail', [effect('b', { guardrail: { margin: 0.02, state: 'harmed' } })]))).toBe(`Stop: Blue harms Order value by more than the ${pct(0.02, 1, false)} that are borne.`)
    expect(said(of('no_difference', [effect('b', { better: false })]))).toBe('Keep As it is: Blue is worse on Order value.')
  })
  it('is the server’s sentence where its values say less', () => {
    expect(of('no_difference')).toBe(`the server’s own ${dateTime('2026-11-27T20:15:00Z')}`)
    expect(of('ship', [], { subject: 'gone' })).toContain('the server’s own')
  })
})

describe('what a mean could be', () => {
  it('is a normal curve around the interval that the server gave, of area one', () => {
    const curve = normalCurve(40, 38.04, 41.96, 0.95)!
    const area = curve.ys.slice(1).reduce((sum, y, k) => sum + (y + curve.ys[k]!) / 2 * (curve.xs[k + 1]! - curve.xs[k]!), 0)
    expect(area).toBeCloseTo(1, 3)
    expect(curve.fifty[1] - 40).toBeCloseTo(0.6745, 3)
    for (const [lo, hi] of [[40, 40], [Number.NaN, 41], [-Infinity, Infinity]]) expect(normalCurve(40, lo!, hi!, 0.95)).toBe(null)
  })
})
