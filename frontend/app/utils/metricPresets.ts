import type { MetricForm } from '~/types/form'

export interface MetricPreset { name: string, label: string, text: string, given: Partial<MetricForm> }

/** Names that many teams use; a metric can have any other. The first five are those of the A/B testing API. */
export const METRIC_PRESETS: readonly MetricPreset[] = [
  { name: 'watch_completion', label: 'Watch completion', text: 'The unit finished watching', given: { kind: 'conversion' } },
  { name: 'click_through', label: 'Click-through', text: 'The unit clicked on a recommendation', given: { kind: 'conversion' } },
  { name: 'engagement_time', label: 'Engagement time', text: 'Seconds spent with content, over all events', given: { kind: 'mean', unit: 's', capKind: 'quantile', cap: '99.9' } },
  { name: 'rating_given', label: 'Rating given', text: 'The unit rated something', given: { kind: 'conversion' } },
  { name: 'add_to_watchlist', label: 'Added to watchlist', text: 'The unit saved something for later', given: { kind: 'conversion' } },
  { name: 'order', label: 'Order', text: 'The unit bought at least once', given: { kind: 'conversion' } },
  { name: 'revenue', label: 'Revenue', text: 'The sum of what the unit paid, extremes capped', given: { kind: 'mean', unit: 'EUR', capKind: 'quantile', cap: '99.9' } },
  { name: 'load_time', label: 'Load time', text: 'How slow the slowest tenth is', given: { kind: 'quantile', quantile: '90', direction: 'decrease', unit: 'ms', role: 'guardrail', margin: '5' } },
  { name: 'error', label: 'Error', text: 'The unit met an error', given: { kind: 'conversion', direction: 'decrease', role: 'guardrail', margin: '5' } }
]
