import type { Effect, Estimate, MetricReport } from '~/types'
import type { ForestGroup } from '~/types/chart'

/**
 * The interval of the lift at `level`, from the same estimate and standard error as the shown one: what it would be had this been the
 * only look. Exact for the difference; for the lift each side is scaled alike, which is so to first order. Null where the shown
 * interval is not of that form (exact tests, open ends).
 */
export function atOneLook({ lift, critical_value: critical, method }: Effect, level: number): { lo: number, hi: number } | null {
  if (lift.estimate === null || lift.lower === null || lift.upper === null || critical === null || critical <= 0 || method === 'exact') return null
  const share = normalQuantile(0.5 + level / 2) / critical
  return { lo: lift.estimate - (lift.estimate - lift.lower) * share, hi: lift.estimate + (lift.upper - lift.estimate) * share }
}

const ROLES = ['primary', 'guardrail', 'secondary']
/** A group for each metric: the primary one, then what must not be harmed. */
export function forestGroups(metrics: readonly MetricReport[]): ForestGroup[] {
  return [...metrics].sort((a, b) => ROLES.indexOf(a.metric.role) - ROLES.indexOf(b.metric.role)).map(({ metric, effects }) => {
    const control = effects[0]?.control_mean ?? null
    const note = `${nameWord(metric.role)}, ${metric.direction === 'decrease' ? 'lower is better' : 'higher is better'}${control === null ? '' : `; control has ${metricValue(metric, control)}`}`
    return { key: metric.name, title: nameWord(metric.name), note, metric, effects }
  })
}

/** The effect that a verdict, or a reader, looks at first: the named variant, else the one that is furthest on the good side. */
export function foremost(metric: MetricReport | undefined, variant?: string | null): Effect | null {
  const effects = metric?.effects ?? []
  const up = metric?.metric.direction !== 'decrease'
  return effects.find(e => e.variant_key === variant)
    ?? [...effects].sort((a, b) => (up ? -1 : 1) * ((a.difference.estimate ?? 0) - (b.difference.estimate ?? 0)))[0]
    ?? null
}

/** Why an estimate has no interval, as the rest of a sentence; null where it has one, be an end of it open. */
export function intervalMissing({ lower, upper, missing }: Estimate): string | null {
  const why = lower === null ? missing?.lower : upper === null ? missing?.upper : undefined
  return why && why !== 'unbounded' ? missingWord(why) : null
}
/** A lift and its interval. */
export const liftText = (e: Estimate, digits = 1) => (e.estimate === null ? missingWord(e.missing?.estimate) : `${pct(e.estimate, digits)} (${intervalMissing(e) ? 'no interval' : interval(e.lower, e.upper, digits)})`)
/** A difference and its interval, in the metric's unit. */
export const differenceText = (metric: { kind: string, unit?: string }, e: Estimate) => (e.estimate === null ? missingWord(e.missing?.estimate) : `${metricValue(metric, e.estimate, true)}${intervalMissing(e) ? '' : ` (${metricInterval(metric, e.lower, e.upper)})`}`)
/** A value of a metric for people: a conversion's mean is a rate, everything else has the metric's own unit. */
export function metricValue(metric: { kind: string, unit?: string }, v: number | null | undefined, signed = false): string {
  if (metric.kind === 'conversion') return pct(v, 2, signed)
  const text = amount(v)
  return `${signed && typeof v === 'number' && v > 0 ? '+' : ''}${text}${metric.unit && text !== '–' ? ` ${metric.unit}` : ''}`
}
/** An interval of such values; a null end is infinitely far. */
export function metricInterval(metric: { kind: string, unit?: string }, lo: number | null, hi: number | null): string {
  if (lo === null && hi === null) return 'unbounded'
  if (lo === null) return `below ${metricValue(metric, hi, true)}`
  if (hi === null) return `above ${metricValue(metric, lo, true)}`
  return `${metricValue(metric, lo, true)} to ${metricValue(metric, hi, true)}`
}
/** An expected loss: never 0 where it is not. */
export function lossValue(metric: { kind: string, unit?: string }, loss: number): string {
  if (metric.kind === 'conversion') return loss > 0 && loss < 5e-5 ? `<${pct(0.0001, 2, false)}` : pct(loss, 2, false)
  return loss > 0 && loss < 5e-5 ? `<${metricValue(metric, 0.0001)}` : metricValue(metric, loss)
}
/** A p-value as it is printed: never 0. */
export const pValue = (p: number | null | undefined) => (typeof p !== 'number' || !Number.isFinite(p) ? '–' : p < 0.0001 ? `<${decimal(0.0001, 4)}` : decimal(p, p < 0.1 ? 4 : 2))
