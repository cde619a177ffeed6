import type { Report } from '~/types'
import type { ChartTable } from '~/types/chart'

/** The rows of a table as objects, by the names of its columns. */
export const records = ({ columns, rows }: ChartTable) => rows.map(row => Object.fromEntries(columns.map((name, k) => [name, row[k] ?? null])))

/** Every effect of a report, one a row, unrounded, under the names of the API. */
export function effectTable(report: Report): ChartTable {
  const columns = ['metric', 'role', 'variant', 'control', 'method', 'population', 'units', 'control_units', 'mean', 'control_mean', 'difference', 'difference_lower', 'difference_upper', 'lift', 'lift_lower', 'lift_upper', 'level', 'p_value', 'adjusted_p_value', 'significant', 'missing', 'computed_at']
  return {
    columns,
    rows: report.metrics.flatMap(({ metric, effects }) => effects.map(e => [
      metric.name, metric.role, e.variant_key, e.control_key, e.method, e.population, e.units, e.control_units, e.mean, e.control_mean,
      e.difference.estimate, e.difference.lower, e.difference.upper, e.lift.estimate, e.lift.lower, e.lift.upper, e.lift.level, e.p_value, e.adjusted?.p_value ?? null, String(e.significant),
      e.missing?.difference ?? e.difference.missing?.estimate ?? null, report.computed_at
    ]))
  }
}

/** What is known of each arm of a bandit. */
export function armTable(report: Report): ChartTable {
  const seen = new Map(report.variants.map(v => [v.variant_key, v]))
  return {
    columns: ['variant', 'units', 'share', 'p_best', 'mean', 'mean_lower', 'mean_upper', 'sample_mean', 'posterior', 'posterior_lower', 'posterior_upper', 'to_come', 'computed_at'],
    rows: (report.bandit?.arms ?? []).map(a => [
      a.variant_key, a.units, seen.get(a.variant_key)?.propensity ?? null, seen.get(a.variant_key)?.win_probability ?? null, a.mean.estimate, a.mean.lower, a.mean.upper, a.sample_mean.estimate, a.posterior.estimate, a.posterior.lower, a.posterior.upper, a.to_come, report.computed_at
    ])
  }
}

/** What was counted, one variant and metric a row; for a report that has no effects yet, too. */
export function countTable(report: Report): ChartTable {
  const units = new Map(report.variants.map(v => [v.variant_key, v.exposed_units]))
  return {
    columns: ['metric', 'variant', 'exposed_units', 'conversions', 'conversion_events', 'total_value', 'mean', 'rate', 'computed_at'],
    rows: report.metrics.flatMap(({ metric, variants }) => variants.map(v => [metric.name, v.variant_key, units.get(v.variant_key) ?? null, v.conversions, v.conversion_events, v.total_value, v.mean, v.rate, report.computed_at]))
  }
}
