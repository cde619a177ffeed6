import { describe, expect, it } from 'vitest'
import { ago, interval, pct, prob, span } from '~/utils/format'
import { variantColor, verdict } from '~/utils/verdict'

describe('numbers for people', () => {
  it('are signed percentages with a true minus', () => {
    expect(pct(0.046)).toBe('+4.6%')
    expect(pct(-0.018)).toBe('\u22121.8%')
    expect(pct(0.00001)).toBe('0.0%')
    expect(pct(0.5, 0, false)).toBe('50%')
  })
  it('are a dash where there is none, never NaN', () => {
    for (const nothing of [null, undefined, Number.NaN, Infinity]) expect(pct(nothing)).toBe('–')
    expect(ago(null, 0)).toBe('–')
    expect(span(Number.NaN)).toBe('–')
  })
  it('say which side of an interval has no bound', () => {
    expect(interval(-0.01, 0.02)).toBe('\u22121.0% to +2.0%')
    expect(interval(null, 0.02)).toBe('below +2.0%')
    expect(interval(0.01, null)).toBe('above +1.0%')
    expect(interval(null, null)).toBe('unbounded')
  })
  it('never claim certainty', () => {
    expect(prob(1)).toBe('>99.9%')
    expect(prob(0)).toBe('<0.1%')
  })
  it('tell a length of time in one unit', () => {
    expect([40, 700, 20_000, 200_000].map(span)).toEqual(['40 s', '12 min', '6 h', '2 d'])
  })
})

describe('a verdict', () => {
  it('knows which way is good', () => {
    expect(verdict(0.01, 0.02, 'increase')).toBe('win')
    expect(verdict(0.01, 0.02, 'decrease')).toBe('loss')
    expect(verdict(-0.01, 0.02)).toBe('flat')
  })
  it('is none where the interval is open on the side of zero', () => {
    expect(verdict(null, 0.02)).toBe('flat')
    expect(verdict(null, -0.02)).toBe('loss')
    expect(verdict(0.02, null)).toBe('win')
  })
})

it('the control is grey, wherever it stands', () => {
  const variants = [{ key: 'a', is_control: false }, { key: 'c', is_control: true }, { key: 'b', is_control: false }]
  expect(['a', 'c', 'b'].map(key => variantColor(variants, key))).toEqual(['var(--v1)', 'var(--v0)', 'var(--v2)'])
})
