import type { Breakdown, Experiment, Slice } from '~/types'
import type { ChartTable } from '~/types/chart'

/** By what the units of an experiment can be told apart: what it declares, and what every experiment has. */
export const dimensionsOf = (experiment: Experiment) => [
  ...experiment.dimensions.map(name => ({ label: `By ${name.replace(/_/g, ' ')}`, value: name })),
  { label: 'By day of first exposure', value: 'day' },
  { label: 'By bucket (nothing real)', value: 'bucket' }
]
export const dimensionWord = (dimension: string) => (dimension === 'day' ? 'day of first exposure' : dimension.replace(/_/g, ' '))

/** What the units of a slice have in common, as a title. */
export function sliceName(dimension: string, { kind, value }: Pick<Slice, 'kind' | 'value'>) {
  if (kind === 'other') return 'All other values'
  if (kind === 'unknown' || value === null) return 'Not known'
  return dimension === 'bucket' ? `Bucket ${value}` : value
}

/** Whether the effect differs between slices, as a sentence; `alpha` is the experiment's own. */
export function differs(of: Breakdown['heterogeneity'][number], name: string, dimension: string, alpha: number) {
  if (of.p_value === null) return `Whether the effect of ${name} differs by ${dimensionWord(dimension)} cannot be told yet: ${missingWord(of.missing.p_value)}.`
  const left = of.left_out ? `; ${many(of.left_out, 'slice')} with too few units left out` : ''
  const p = pValue(of.p_value)
  const how = `p ${p.startsWith('<') ? `< ${p.slice(1)}` : `= ${p}`}, ${many(of.slices, 'slice')}${left}`
  return of.p_value <= alpha
    ? `The effect of ${name} differs by ${dimensionWord(dimension)} (${how}).`
    : `The effect of ${name} differs by ${dimensionWord(dimension)} no more than chance explains (${how}).`
}

/** Every effect of every slice, unrounded. */
export function sliceTable(found: Breakdown): ChartTable {
  return {
    columns: [found.dimension, 'kind', 'exposed_units', 'share', 'variant', 'difference', 'lift', 'lift_lower', 'lift_upper', 'p_value', 'adjusted_p_value', 'sample_ratio_p_value'],
    rows: found.slices.flatMap(slice => slice.effects.map(e => [slice.value, slice.kind, slice.exposed_units, slice.share, e.variant_key, e.difference.estimate, e.lift.estimate, e.lift.lower, e.lift.upper, e.p_value, e.adjusted?.p_value ?? null, slice.sample_ratio.p_value]))
  }
}
