// Documents as the server sends them, as small as a test needs them.
import type { Effect, Estimate, MetricReport, Report, VariantReport } from '~/types'

export const estimate = (e: number | null, lower: number | null, upper: number | null, missing: Estimate['missing'] = {}): Estimate => ({ estimate: e, lower, upper, level: 0.95, missing })

export function effect(key: string, given: Partial<Effect> = {}): Effect {
  return {
    variant_id: key, variant_key: key, control_key: 'control', population: 'all', units: 1000, control_units: 1000, mean: 0.12, control_mean: 0.1,
    difference: estimate(0.02, 0.005, 0.035), lift: estimate(0.2, 0.05, 0.35), standard_error: 0.005, p_value: 0.004, statistic: 4, critical_value: 3, significant: true, better: true,
    adjusted: null, method: 'always_valid', alpha: 0.05, alpha_spent: null, looks: [], information_fraction: null, median_unbiased: null,
    start: { open: true, reason: '' }, windows: { matured_units: 2000, open_units: 0, closes_at: null }, belief: null, guardrail: null, alternatives: [], biased: false, notes: [], missing: {}, ...given
  } as Effect
}

export function metric(name: string, effects: Effect[], given: Partial<MetricReport['metric']> = {}): MetricReport {
  return { metric: { name, role: 'primary', kind: 'conversion', direction: 'increase', window_seconds: 86_400, description: '', unit: '', margin: null, ...given }, variants: [], effects, factors: [], tests: [], series: [] } as unknown as MetricReport
}

export const variant = (key: string, given: Partial<VariantReport> = {}): VariantReport => ({
  variant_id: key, variant_key: key, variant_name: key, is_control: key === 'control', state: 'active', exposures: 0, exposed_units: 0, share: null, propensity: 0.5, floor: null, conversions: 0, conversion_events: 0,
  total_value: 0, mean: null, rate: null, rate_interval: null, alpha: 1, beta: 1, expected_rate: 0.5, win_probability: 0.5, missing: {}, ...given
})

export const report = (metrics: MetricReport[], variants: VariantReport[]): Report => ({ metrics, variants, computed_at: '2026-11-20T12:00:00Z', exposed_units: 2000, primary_metric: metrics[0]?.metric ?? null } as unknown as Report)

/** happy-dom lays nothing out: every element is as wide as this. */
export function laidOut(width: number) {
  return class {
    constructor(private readonly tell: ResizeObserverCallback) {}
    observe(target: Element) {
      const size = [{ inlineSize: width, blockSize: 300 }]
      this.tell([{ target, contentRect: { width, height: 300 }, contentBoxSize: size, borderBoxSize: size } as unknown as ResizeObserverEntry], this as unknown as ResizeObserver)
    }
    unobserve() {}
    disconnect() {}
  }
}
