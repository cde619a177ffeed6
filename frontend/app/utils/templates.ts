// Where to begin: whole forms, but for the name.
import type { ExperimentForm } from '~/types/form'
import { blankForm, equalWeights, newMetric, newVariant } from './experimentForm'

export interface Template { key: string, label: string, text: string, icon: string, make: () => Partial<ExperimentForm> }

const arms = (names: string[], config: (name: string) => unknown = () => ({})) => names.map((name, k) => newVariant({ name, control: k === 0, config: JSON.stringify(config(name), null, 2) }))
const weighted = (names: string[]) => {
  const weights = equalWeights(names.length)
  return arms(names).map((v, k) => ({ ...v, weight: weights[k]! }))
}

// as scripts/five_models.py has them, which serves whatever is made of this
const MODELS = [['seasonal_naive', 'Seasonal naive'], ['smoothing', 'Exponential smoothing'], ['boosted_trees', 'Boosted trees'], ['deep_ar', 'DeepAR'], ['transformer', 'Transformer']] as const

export const TEMPLATES: readonly Template[] = [
  { key: 'ab', label: 'A/B test', text: 'Two variants, half each', icon: 'i-lucide-split', make: () => ({}) },
  { key: 'aa', label: 'A/A check', text: 'Two times the same: is all wired up?', icon: 'i-lucide-equal', make: () => ({ variants: weighted(['control', 'control again']), hypothesis: 'Both get the same, so nothing differs. If something does, the set-up is wrong.', minimumDays: '1' }) },
  { key: 'safe', label: 'Careful release', text: '1 %, 10 %, half, all; stopped by itself on harm', icon: 'i-lucide-shield-check', make: () => ({ variants: weighted(['current', 'new']), ramped: true, metrics: [newMetric({ name: 'error', role: 'guardrail', kind: 'conversion', direction: 'decrease', margin: '5' })] }) },
  { key: 'bandit', label: 'Several ideas', text: 'A bandit moves traffic to what works', icon: 'i-lucide-dices', make: () => ({ type: 'thompson_sampling', variants: arms(['current', 'idea A', 'idea B']), metrics: [newMetric({ name: 'click_through', role: 'primary', kind: 'conversion' })] }) },
  { key: 'models', label: 'Five models', text: 'The live tutorial: whose orders are accepted?', icon: 'i-lucide-grid-2x2', make: () => ({ type: 'thompson_sampling', variants: MODELS.map(([key, name], k) => newVariant({ key, name, control: k === 0, config: JSON.stringify({ model: key }, null, 2) })), metrics: [newMetric({ name: 'order_accepted', role: 'primary', kind: 'conversion' }), newMetric({ name: 'order_value' }), newMetric({ name: 'latency_ms', direction: 'decrease' })] }) },
  { key: 'flag', label: 'Flag', text: 'Off for most, on for a share', icon: 'i-lucide-flag', make: () => ({ type: 'flag', variants: [newVariant({ key: 'off', name: 'off', control: true, weight: '0', config: 'false' }), newVariant({ key: 'on', name: 'on', weight: '100', config: 'true' })], traffic: '10' }) }
]

/** The form of a template; what somebody has written in words stays. */
export const fromTemplate = (template: Template, typed: ExperimentForm): ExperimentForm => ({
  ...blankForm(), name: typed.name, key: typed.key, owner: typed.owner, tags: typed.tags, description: typed.description, ...template.make(), ...(typed.hypothesis ? { hypothesis: typed.hypothesis } : {})
})
