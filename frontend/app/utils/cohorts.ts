import type { Cohorts, Curve, Variant } from '~/types'
import type { ChartTable, Series } from '~/types/chart'

/** How an effect changes, in a word and a picture; the word is enough. */
export const patternLook: Record<Curve['pattern'], { word: string, icon: string, color: string }> = {
  novelty: { word: 'It fades', icon: 'i-lucide-trending-down', color: 'var(--warn)' },
  primacy: { word: 'It grows', icon: 'i-lucide-trending-up', color: 'var(--warn)' },
  uneven: { word: 'It is uneven', icon: 'i-lucide-activity', color: 'var(--warn)' },
  steady: { word: 'No change shown', icon: 'i-lucide-circle-check', color: 'var(--flat)' },
  unknown: { word: 'Too early to tell', icon: 'i-lucide-circle-help', color: 'var(--flat)' }
}

/** One line a variant: lifts where all points have one, else differences. By cohort at the dates, by age at the days. */
export function curveSeries(curves: readonly Curve[], variants: readonly Variant[]): { unit: 'lift' | 'amount', series: Series[] } {
  const lift = curves.every(curve => curve.points.every(point => point.lift.estimate !== null))
  const series = curves.map(curve => ({
    key: curve.variant_key,
    label: variants.find(each => each.key === curve.variant_key)?.name ?? curve.variant_key,
    color: variantColor(variants, curve.variant_key),
    points: curve.points.map((point) => {
      const shown = lift ? point.lift : point.difference
      return { t: point.since === null ? point.day : Date.parse(point.since), y: shown.estimate, lo: shown.lower, hi: shown.upper }
    })
  }))
  return { unit: lift ? 'lift' : 'amount', series }
}

/** Every point, unrounded. */
export function curveTable(found: Cohorts, axis: 'cohorts' | 'ages'): ChartTable {
  return {
    columns: ['variant', 'since', 'until', 'day', 'units', 'control_units', 'mean', 'control_mean', 'difference', 'difference_lower', 'difference_upper', 'lift', 'lift_lower', 'lift_upper'],
    rows: found[axis].curves.flatMap(curve => curve.points.map(point => [
      curve.variant_key, point.since, point.until, point.day, point.units, point.control_units, point.mean, point.control_mean,
      point.difference.estimate, point.difference.lower, point.difference.upper, point.lift.estimate, point.lift.lower, point.lift.upper
    ]))
  }
}

/** What can be asked for: the whole window, and common ages below it. */
export const agesWithin = (window: number) => [
  ...[1, 3, 7, 14, 28].filter(days => days * 86_400 < window).map(days => ({ label: `after ${many(days, 'day')}`, value: String(days) })),
  { label: `after ${span(window)}, the whole window`, value: 'window' }
]
