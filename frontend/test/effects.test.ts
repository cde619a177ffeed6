import { describe, expect, it } from 'vitest'
import { csv } from '~/composables/useDownload'
import { changes } from '~/utils/changes'
import { betaCurve, lnGamma, normalQuantile } from '~/utils/distributions'
import { atOneLook, differenceText, foremost, liftText, lossValue, metricInterval, metricValue, pValue } from '~/utils/effect'
import { countTable, effectTable } from '~/utils/exports'
import { absence, effectState, missingWord, typeLook, verdictLook } from '~/utils/wording'
import { effect, estimate, metric, report, variant } from './reports'

describe('one look', () => {
  it('has the estimate of the shown interval, with the normal quantile for its critical value', () => {
    const { lo, hi } = atOneLook(effect('a', { critical_value: 3 }), 0.95)!
    expect(lo).toBeCloseTo(0.2 - 0.15 * 1.959964 / 3, 8)
    expect(hi).toBeCloseTo(0.2 + 0.15 * 1.959964 / 3, 8)
  })
  it('is none where the interval is not estimate ± critical value × error', () => {
    expect(atOneLook(effect('a', { critical_value: null }), 0.95)).toBeNull()
    expect(atOneLook(effect('a', { method: 'exact' }), 0.95)).toBeNull()
    expect(atOneLook(effect('a', { lift: estimate(0.1, null, 0.2) }), 0.95)).toBeNull()
  })
})

describe('distributions', () => {
  it('agree with scipy', () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963985, 8)
    expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306, 7)
    expect(normalQuantile(1)).toBeNaN()
    expect(lnGamma(0.5)).toBeCloseTo(0.5723649429, 9)
    expect(lnGamma(1e6)).toBeCloseTo(12815504.569147902, 3)
    expect(betaCurve(2, 2).ys[60]).toBeCloseTo(1.5, 3)
  })
})

describe('what an effect says', () => {
  it('is the server’s judgement in a word', () => {
    expect(effectState(effect('a')).word).toBe('better')
    expect(effectState(effect('a', { better: false })).word).toBe('worse')
    expect(effectState(effect('a', { significant: false })).word).toBe('unclear')
    expect(effectState(effect('a', { guardrail: { margin: 0.1, state: 'harmed' } }))).toMatchObject({ word: 'harmed', verdict: 'loss' })
    expect(effectState(effect('a', { significant: false, guardrail: { margin: 0.1, state: 'ok' } })).word).toBe('unharmed')
  })
  it('is a reason where there is no number', () => {
    const nothing = { difference: estimate(null, null, null), lift: estimate(null, null, null) }
    expect(effectState(effect('a', nothing)).word).toBe('not yet')
    expect(absence(effect('a', { ...nothing, missing: { difference: 'too_few_units' } }))).toBe('Too few units yet.')
    expect(absence(effect('a', { ...nothing, missing: { difference: 'windows_open' }, windows: { matured_units: 0, open_units: 9, closes_at: '2026-11-21T10:00:00Z' } }))).toMatch(/^No attribution window has closed yet; the first one closes .*2026/)
    expect(absence(effect('a', { ...nothing, missing: {} }))).toBe('Not known yet.')
  })
  it('is shown first for the variant that the verdict names, else for the one on the good side', () => {
    const two = [effect('a', { difference: estimate(1, 0, 2) }), effect('b', { difference: estimate(2, 0, 3) })]
    expect(foremost(metric('m', two))?.variant_key).toBe('b')
    expect(foremost(metric('m', two, { direction: 'decrease' }))?.variant_key).toBe('a')
    expect(foremost(metric('m', two), 'a')?.variant_key).toBe('a')
    expect(foremost(undefined)).toBeNull()
  })
})

describe('words', () => {
  it('are there for what a later server adds', () => {
    expect(missingWord('something_new')).toBe('something new')
    expect(typeLook('contextual_bandit').label).toBe('Contextual bandit')
    expect(Object.keys(verdictLook)).toHaveLength(6)
  })
  it('have the unit of their metric', () => {
    expect(metricValue({ kind: 'conversion', unit: '' }, 0.1234)).toBe('12.34%')
    expect(metricValue({ kind: 'mean', unit: 'EUR' }, 12.5, true)).toBe('+12.5 EUR')
    expect(metricValue({ kind: 'mean', unit: 'EUR' }, null)).toBe('–')
    expect(metricInterval({ kind: 'mean', unit: 'ms' }, null, -3)).toBe('below \u22123 ms')
    expect([pValue(0), pValue(0.0321), pValue(0.5), pValue(null)]).toEqual(['<0.0001', '0.0321', '0.50', '–'])
  })
})

describe('an export', () => {
  const variants = [variant('control', { exposed_units: 7 }), variant('a')]
  it('has every effect unrounded', () => {
    const table = effectTable(report([metric('m', [effect('a')])], variants))
    expect(Object.fromEntries(table.columns.map((name, k) => [name, table.rows[0]![k]]))).toMatchObject({ metric: 'm', variant: 'a', lift: 0.2, lift_lower: 0.05, p_value: 0.004, significant: 'true', missing: null })
  })
  it('has counts without any effect, too', () => {
    const counted = metric('m', [])
    expect(countTable(report([{ ...counted, variants: [{ variant_id: 'control', variant_key: 'control', conversions: 3, conversion_events: 4, total_value: 5, mean: null, rate: 3 / 7, rate_interval: null }] }], variants)).rows).toEqual([['m', 'control', 7, 3, 4, 5, null, 3 / 7, '2026-11-20T12:00:00Z']])
  })
  it('is quoted, and no spreadsheet runs it', () => {
    expect(csv({ columns: ['a', 'b'], rows: [['x,"y"', 1.5], ['=1+1', null], ['-3', Number.NaN]] })).toBe('a,b\r\n"x,""y""",1.5\r\n\'=1+1,\r\n\'-3,\r\n')
  })
})

describe('changes', () => {
  it('are told field by field', () => {
    expect(changes({ owner: '', variants: { hybrid: { state: 'active' } } }, { owner: 'search', variants: { hybrid: { state: 'paused' } } })).toEqual([
      { path: 'owner', before: '(empty)', after: 'search' }, { path: 'variants.hybrid.state', before: 'active', after: 'paused' }
    ])
  })
  it('have what came and what went', () => {
    expect(changes({ layer: { key: 'a' } }, { layer: null })).toEqual([{ path: 'layer.key', before: 'a', after: null }])
    expect(changes({ tags: ['a'] }, { tags: ['a', 'b'] })).toEqual([{ path: 'tags', before: '["a"]', after: '["a","b"]' }])
    expect(changes({ a: 1 }, { a: 1 })).toEqual([])
  })
})

it('an expected loss is never 0 where it is not', () => {
  expect(lossValue({ kind: 'conversion' }, 0.00001)).toBe('<0.01%')
  expect(lossValue({ kind: 'conversion' }, 0)).toBe('0.00%')
  expect(lossValue({ kind: 'mean', unit: 'EUR' }, 0.42)).toBe('0.42 EUR')
})

it('an interval that is not computed is not one that is unbounded', () => {
  expect(liftText(estimate(0.1, null, 0.2, { lower: 'unbounded' }))).toBe('+10.0% (below +20.0%)')
  expect(liftText(estimate(0.1, null, null, { lower: 'not_supported', upper: 'not_supported' }))).toBe('+10.0% (no interval)')
  expect(differenceText({ kind: 'conversion' }, estimate(0.02, null, null, { lower: 'not_supported' }))).toBe('+2.00%')
})

it('an effect without an interval says nothing yet, and why', () => {
  const none = estimate(0.1, null, null, { lower: 'not_open', upper: 'not_open' })
  expect(effectState(effect('a', { lift: none, difference: none, significant: false, better: null, start: { open: false, reason: 'Monitoring needs 50 units.' } }))).toMatchObject({ word: 'not yet', why: 'Monitoring needs 50 units.' })
  expect(absence(effect('a', { lift: none, difference: none }))).toBe('Too early: the start rule is not met yet.')
})
