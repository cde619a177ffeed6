// The closed lists of the report, in words. What a later server adds is shown as it came, with spaces.
import type { Effect, Health, Missing, Report } from '~/types'
import type { Verdict } from './verdict'

const plain = (word: string) => word.replace(/_/g, ' ')

const MISSING: Partial<Record<Missing, string>> = {
  no_exposures: 'nobody has been exposed yet',
  no_events: 'nothing was counted in this time',
  no_primary_metric: 'the experiment has no primary metric',
  not_a_rate: 'the metric is a mean of values, not a rate',
  variant_inactive: 'the variant is paused',
  fixed_weights: 'the weights are fixed',
  not_learned: 'nothing has been learned yet',
  no_delay: 'how long conversions take was not said',
  no_floor: 'an arm may get nothing at all',
  no_holdback: 'no unit is held back',
  too_few_units: 'too few units yet',
  windows_open: 'no attribution window has closed yet',
  not_open: 'too early: the start rule is not met yet',
  no_variance: 'all units of a variant have the same value',
  no_baseline: 'control is too close to zero for a percentage of it',
  unbounded: 'this end is still open',
  not_significant: 'it may be either',
  not_stopped: 'the plan is not over yet',
  contradiction: 'what was measured at different times has nothing in common',
  not_planned: 'no number of units is planned',
  no_minimum_effect: 'nobody has said which effect is worth having',
  no_rule: 'no rule acts by itself',
  no_family: 'the question stands alone',
  no_forecast: 'not enough time has passed for a forecast',
  not_a_guardrail: 'it is no guardrail',
  not_supported: 'this is not computed for this kind of metric',
  own_shares: 'features decided who got which variant',
  same_shares: 'one set of shares is for all units',
  no_sums: 'this has not been computed yet',
  not_computed: 'no worker has answered yet'
}
/** Why a figure is not there, for the middle of a sentence. */
export const missingWord = (why: string | null | undefined) => (why ? MISSING[why as Missing] ?? plain(why) : 'not known yet')

const METHODS: Record<string, string> = {
  hybrid: 'Planned looks with an always-valid reserve',
  group_sequential: 'Group sequential',
  always_valid: 'Always valid',
  fixed: 'Fixed horizon',
  exact: 'Exact test of conversions',
  after_bandit: 'Weighted for how the bandit drew (AIPW)'
}
export const methodWord = (method: string) => METHODS[method] ?? plain(method)

/** What the method promises about looking, as the rest of a sentence that begins with the method. */
export const methodPromise = (method: string) => ({
  hybrid: 'holds at the planned looks and at every moment between them',
  group_sequential: 'holds at the planned looks',
  always_valid: 'holds however often anybody looks',
  fixed: 'holds for one look at the planned end, and for no other',
  exact: 'holds however often anybody looks',
  after_bandit: 'holds although the data chose how often each arm was drawn'
} as Record<string, string>)[method] ?? 'is explained in the documentation'

const TYPES: Record<string, { label: string, icon: string }> = {
  ab: { label: 'A/B test', icon: 'i-lucide-split' },
  bayesian_ab: { label: 'A/B test that may end by itself', icon: 'i-lucide-split' },
  multivariate: { label: 'Multivariate test', icon: 'i-lucide-grid-2x2' },
  flag: { label: 'Flag', icon: 'i-lucide-flag' },
  thompson_sampling: { label: 'Bandit, Thompson sampling', icon: 'i-lucide-dices' },
  ucb: { label: 'Bandit, upper bounds (KL-UCB)', icon: 'i-lucide-dices' },
  ucb1: { label: 'Bandit, upper bounds (UCB1)', icon: 'i-lucide-dices' },
  ucb_tuned: { label: 'Bandit, upper bounds (UCB1-tuned)', icon: 'i-lucide-dices' },
  epsilon_greedy: { label: 'Bandit, epsilon-greedy', icon: 'i-lucide-dices' },
  top_two: { label: 'Bandit that finds the winner (top-two)', icon: 'i-lucide-dices' },
  exploration_sampling: { label: 'Bandit that finds the winner (exploration sampling)', icon: 'i-lucide-dices' }
}
/** Label and icon of a type, also of one that this page does not know. */
export const typeLook = (type: string) => TYPES[type] ?? { label: nameWord(type), icon: 'i-lucide-flask-conical' }
/** Whether its shares are learned: the server publishes policies for all but these. */
export const learns = (type: string) => !['ab', 'bayesian_ab', 'multivariate', 'flag'].includes(type)

export const verdictLook: Record<Report['verdict']['value'], { title: string, icon: string, tint: string }> = {
  collecting: { title: 'Collecting', icon: 'i-lucide-hourglass', tint: 'var(--flat)' },
  keep_waiting: { title: 'Keep waiting', icon: 'i-lucide-hourglass', tint: 'var(--flat)' },
  ship: { title: 'Ready to ship', icon: 'i-lucide-trending-up', tint: 'var(--pos)' },
  no_difference: { title: 'No better variant shown', icon: 'i-lucide-equal', tint: 'var(--flat)' },
  stop_guardrail: { title: 'A guardrail is harmed', icon: 'i-lucide-shield-alert', tint: 'var(--neg)' },
  fix_sample_ratio: { title: 'Do not trust these numbers yet', icon: 'i-lucide-triangle-alert', tint: 'var(--warn)' }
}

export const checkLook: Record<Health['status'], { word: string, icon: string, color: string }> = {
  ok: { word: 'Healthy', icon: 'i-lucide-circle-check', color: 'var(--pos)' },
  warning: { word: 'Needs a look', icon: 'i-lucide-triangle-alert', color: 'var(--warn)' },
  failed: { word: 'Broken', icon: 'i-lucide-circle-x', color: 'var(--neg)' },
  unknown: { word: 'Not known yet', icon: 'i-lucide-circle-dashed', color: 'var(--flat)' }
}

const REASONS: Record<string, string> = {
  malformed: 'could not be read',
  unknown_experiment: 'names an experiment that does not exist',
  not_running: 'came while the experiment did not run',
  archived: 'came after the experiment was archived',
  not_in_experiment: 'its unit is not in the experiment',
  variant_mismatch: 'claims another variant than the stored one',
  clock: 'its time is too far from the server’s',
  value: 'its value is no number that can be kept',
  too_large: 'is too large',
  too_many_metrics: 'brings more metric names than are kept'
}
/** Why an event was rejected. */
export const reasonWord = (reason: string | null | undefined) => (reason ? REASONS[reason] ?? plain(reason) : '')

const ACTIONS: Record<string, string> = {
  create: 'Created', edit: 'Edited', start: 'Started', pause: 'Paused', resume: 'Resumed', stop: 'Stopped', conclude: 'Concluded', clone: 'Cloned',
  archive: 'Archived', restore: 'Restored', delete: 'Deleted', ship: 'Winner changed', declare_metric: 'Metric declared', ramp: 'Ramp went on', hold: 'Ramp held'
}
/** What somebody did, for a history. */
export const actionWord = (action: string) => ACTIONS[action] ?? plain(action).replace(/^./, c => c.toUpperCase())

/** A name of code as words: order_accepted → Order accepted. */
export const nameWord = (name: string) => plain(name).replace(/^./, c => c.toUpperCase())

/** What an effect says, in one word and its reason; by the server's own judgement, never by ours. */
export function effectState(effect: Effect): { verdict: Verdict, word: string, why: string } {
  if (effect.guardrail?.state === 'harmed') return { verdict: 'loss', word: 'harmed', why: 'It is worse by more than the margin, and that is shown.' }
  if (effect.difference.estimate === null) return { verdict: 'flat', word: 'not yet', why: absence(effect) }
  if (intervalMissing(effect.lift) && intervalMissing(effect.difference)) return { verdict: 'flat', word: 'not yet', why: absence(effect) }
  if (effect.better === true && effect.significant) return { verdict: 'win', word: 'better', why: 'Its interval leaves out zero, on the good side.' }
  if (effect.better === false && effect.significant) return { verdict: 'loss', word: 'worse', why: 'Its interval leaves out zero, on the bad side.' }
  if (effect.guardrail?.state === 'ok') return { verdict: 'win', word: 'unharmed', why: 'It is worse by less than the margin, and that is shown.' }
  return { verdict: 'flat', word: 'unclear', why: 'Both better and worse are still possible.' }
}

/** Why an effect has no number, as a sentence: the start rule, open windows, or what the document names. */
export function absence(effect: Effect): string {
  const why = effect.missing?.difference ?? effect.difference.missing?.estimate ?? Object.values(effect.missing ?? {})[0]
  if (why === 'windows_open' && effect.windows.closes_at) return `No attribution window has closed yet; the first one closes ${dateTime(effect.windows.closes_at)}.`
  if (!effect.start.open && effect.start.reason) return told(effect.start.reason, { variants: [], metrics: [] })
  return `${(why ? missingWord(why) : intervalMissing(effect.lift) ?? missingWord(null)).replace(/^./, c => c.toUpperCase())}.`
}
