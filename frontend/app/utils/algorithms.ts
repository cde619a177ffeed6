// Which algorithm for which purpose, in the words of those who want something and of those who know it by name.
export type Purpose = 'test' | 'earn' | 'learn' | 'switch'
/** `low` and `high`: what the server takes. `rare`: most people leave it alone. */
export interface ParameterLook { name: string, label: string, help: string, fallback: string, low: number, high: number, flag?: true, rare?: true, term?: string }
export interface Algorithm { type: string, purpose: Purpose, label: string, reason: string, contextual?: true, parameters: readonly ParameterLook[] }

const look = (name: string, label: string, help: string, fallback: string, low: number, high: number, more: Partial<ParameterLook> = {}): ParameterLook => ({ name, label, help, fallback, low, high, ...more })
const PRIOR = [look('prior_alpha', 'Prior alpha', 'Imagined successes of each variant before the first unit.', '1', 1e-6, 1e9), look('prior_beta', 'Prior beta', 'Imagined failures of each variant before the first unit.', '1', 1e-6, 1e9)]
const floor = (of: string, low = 0) => look('floor', 'Floor', 'The least share of each variant, so that losers stay estimable.', of, low, 0.5, { term: 'floor' })
const C = look('c', 'c', 'How far above its mean a variant could reasonably be.', '2', 0.01, 100)
const linear = (exploration: string) => [look('exploration', 'Exploration', 'How much weight the uncertainty has.', exploration, 0.001, 100), look('ridge', 'Ridge', 'How strongly the model is held near zero.', '1', 1e-3, 1e6), floor('0.001', 1e-4)]
// what every bandit takes that treats units alike
const BANDIT = [
  look('half_life_days', 'Half-life, days', 'For a world that changes: a unit counts half after so many days. Empty: for ever alike.', 'none', 1 / 24, 3650, { rare: true }),
  look('window_days', 'Window, days', 'Units that came longer ago count no more. Empty: all count.', 'none', 1 / 24, 3650, { rare: true }),
  look('mean_delay_hours', 'Known delay, hours', 'How long a conversion takes on average: units that came just now are then not taken for failures.', 'none', 1 / 60, 8760, { rare: true }),
  look('learned_delays', 'Learned delays', 'Learns of each variant how long its conversions take, where nobody knows it beforehand.', 'false', 0, 1, { flag: true, rare: true }),
  look('promotion_threshold', 'Promotion threshold', 'The win probability from which on a variant is promoted. A promotion is no proof.', '0.99', 0.5001, 1 - 1e-6, { rare: true, term: 'promotion' })
]

export const PURPOSES: readonly { value: Purpose, label: string, text: string, icon: string }[] = [
  { value: 'test', label: 'Test', text: 'Know whether it is better, and by how much. Shares stay as you set them.', icon: 'i-lucide-split' },
  { value: 'earn', label: 'Earn', text: 'Lose as little as possible meanwhile. Traffic moves to what works.', icon: 'i-lucide-trending-up' },
  { value: 'learn', label: 'Learn', text: 'Find the best of three or more soon. Traffic goes where doubt is.', icon: 'i-lucide-search' },
  { value: 'switch', label: 'Switch', text: 'Turn something on for a share of units. Nothing is measured.', icon: 'i-lucide-flag' }
]

/** In each purpose the one to take without a reason to take another comes first. */
export const ALGORITHMS: readonly Algorithm[] = [
  { type: 'ab', purpose: 'test', label: 'A/B test', reason: 'Fixed shares, intervals that may be watched every day. Right when in doubt.', parameters: PRIOR.map(each => ({ ...each, rare: true as const })) },
  { type: 'bayesian_ab', purpose: 'test', label: 'Bayesian A/B test that may end by itself', reason: 'Fixed shares; at planned looks a variant that is very probably the best is promoted. A promotion is no proof.', parameters: [...PRIOR, look('early_stopping_threshold', 'Early stopping threshold', 'Probability of being the best that promotes a variant.', '0.95', 0.5, 1 - 1e-6, { term: 'promotion' })] },
  { type: 'thompson_sampling', purpose: 'earn', label: 'Thompson sampling', reason: 'A variant’s share is the probability that it is the best. The cheapest in nearly every world that we simulated.', parameters: [...PRIOR, floor('0.002'), ...BANDIT] },
  { type: 'ucb', purpose: 'earn', label: 'Upper confidence bound (KL-UCB)', reason: 'Whoever could still be the highest decides. For people who want a rule without a prior.', parameters: [C, floor('0.002'), ...BANDIT] },
  { type: 'ucb_tuned', purpose: 'earn', label: 'UCB-tuned', reason: 'A bound that uses the variance seen so far. A baseline to compare with.', parameters: [C, floor('0.002'), ...BANDIT] },
  { type: 'ucb1', purpose: 'earn', label: 'UCB1', reason: 'The bound of the textbooks; it explores far too much. A baseline to compare with.', parameters: [C, floor('0.002'), ...BANDIT] },
  { type: 'epsilon_greedy', purpose: 'earn', label: 'Epsilon-greedy', reason: 'All to the best so far, but for a part epsilon. Explained in a sentence; now and then it is lucky or wrong.', parameters: [look('epsilon', 'Epsilon', 'The part of traffic that is spread over all variants.', '0.1', 0, 1), look('decay', 'Decay', 'Epsilon falls while units come in.', 'false', 0, 1, { flag: true }), floor('0.002'), ...BANDIT] },
  { type: 'lints', purpose: 'earn', contextual: true, label: 'Linear Thompson sampling (LinTS)', reason: 'Another best variant for different units: learns from features that come with each decision.', parameters: linear('0.65') },
  { type: 'linucb', purpose: 'earn', contextual: true, label: 'LinUCB', reason: 'As LinTS, by an upper bound instead of a draw. For those who know it by name.', parameters: linear('0.5') },
  { type: 'squarecb', purpose: 'earn', contextual: true, label: 'SquareCB', reason: 'Explores in inverse proportion to what a variant seems to cost.', parameters: linear('4') },
  { type: 'segmented_thompson', purpose: 'earn', contextual: true, label: 'Thompson sampling for each segment', reason: 'A bandit of its own for each combination of a few categories. Simple to explain.', parameters: [...PRIOR, floor('0.002', 1e-4)] },
  { type: 'top_two', purpose: 'learn', label: 'Top-two Thompson sampling', reason: 'Half to the probable best, half to whoever could still beat it.', parameters: [...PRIOR, look('beta', 'Beta', 'The share of the probable best.', '0.5', 0.01, 1), floor('0.01'), ...BANDIT] },
  { type: 'exploration_sampling', purpose: 'learn', label: 'Exploration sampling', reason: 'As top-two, without a number to choose.', parameters: [...PRIOR, floor('0.01'), ...BANDIT] },
  { type: 'flag', purpose: 'switch', label: 'Flag', reason: 'Whom its rules refuse gets the first value, which is what “off” means.', parameters: [] }
]

/** What is known of a type; one that a later server adds has no parameters here and keeps its name. */
export const algorithm = (type: string): Algorithm => ALGORITHMS.find(each => each.type === type) ?? { type, purpose: 'test', label: type, reason: '', parameters: [] }
