import { describe, expect, it } from 'vitest'
import type { Cohorts, Curve, Variant } from '~/types'
import { agesWithin, curveSeries, curveTable } from '~/utils/cohorts'

const estimate = (value: number | null) => ({ estimate: value, lower: value === null ? null : value - 1, upper: null, level: 0.95, missing: {} })
const point = (day: number, lift: number | null, since: string | null = null) => ({ since, until: since, day, units: 10, control_units: 20, mean: 3, control_mean: 2, difference: estimate(1), lift: estimate(lift) })
const curve = (points: ReturnType<typeof point>[]) => ({ variant_key: 'b', points }) as unknown as Curve
const variants = [{ key: 'a', name: 'A', is_control: true }, { key: 'b', name: 'Blue', is_control: false }] as unknown as Variant[]

describe('whether an effect lasts', () => {
  it('is drawn as lifts at dates by cohort, and at days by age', () => {
    const { unit, series } = curveSeries([curve([point(0, 0.2, '2026-10-01T00:00:00Z'), point(3, 0.1)])], variants)
    expect(unit).toBe('lift')
    expect(series[0]).toMatchObject({ key: 'b', label: 'Blue' })
    expect(series[0]!.points).toEqual([{ t: Date.UTC(2026, 9, 1), y: 0.2, lo: -0.8, hi: null }, { t: 3, y: 0.1, lo: -0.9, hi: null }])
  })

  it('is drawn as differences as soon as one point has no lift', () => {
    const { unit, series } = curveSeries([curve([point(0, 0.2), point(1, null)])], variants)
    expect(unit).toBe('amount')
    expect(series[0]!.points.map(each => each.y)).toEqual([1, 1])
  })

  it('is a table of every point of the axis that is shown', () => {
    const found = { cohorts: { curves: [curve([point(0, 0.2)])] }, ages: { curves: [] } } as unknown as Cohorts
    const table = curveTable(found, 'cohorts')
    expect(table.rows).toEqual([['b', null, null, 0, 10, 20, 3, 2, 1, 0, null, 0.2, -0.8, null]])
    expect(table.columns).toHaveLength(table.rows[0]!.length)
    expect(curveTable(found, 'ages').rows).toEqual([])
  })

  it('can be asked for at ages below the window, and at its end', () => {
    expect(agesWithin(7 * 86_400).map(each => each.value)).toEqual(['1', '3', 'window'])
  })
})
