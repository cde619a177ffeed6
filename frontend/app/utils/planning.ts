// What will happen, in sentences, and what to look at before the start.
import type { paths } from '~/types'
import type { ExperimentForm } from '~/types/form'
import { algorithm } from './algorithms'
import { orderedMetrics, same, sharesOf } from './experimentForm'
import { combined, variantName } from './factors'
import { typed, typedShare } from './numbers'
import { learns, nameWord } from './wording'
import { count, many, pct } from './format'

type Ask = paths['/api/v1/power']['post'] extends { requestBody: { content: { 'application/json': infer B } } } ? B : never

/** What to ask the server about the size of the experiment, or a sentence why it cannot be asked yet. */
export function powerQuestion(form: ExperimentForm): { ask: Ask } | { why: string } {
  const kind = algorithm(form.type)
  if (form.type === 'flag') return { why: 'A flag measures nothing, so there is nothing to plan.' }
  if (learns(form.type)) return { why: `${kind.label} has no planned size: it goes on learning until somebody stops it, or promotes a variant.` }
  const primary = orderedMetrics(form)[0]
  const rate = primary?.role !== 'primary' || primary.kind === 'conversion'
  const [baseline, sd, effect, perDay, units] = [typed(form.baseline), typed(form.sd), (primary?.role === 'primary' ? typedShare(primary.minimumEffect) : null) ?? typedShare(form.minimumEffect), typed(form.unitsPerDay), typed(form.plannedUnits)]
  if (baseline === null || (!rate && sd === null)) return { why: rate ? 'Type what the control converts today, and the least lift that would be worth having.' : 'Type the mean of the control today, how far single units are spread (standard deviation), and the least lift worth having.' }
  if (effect === null && units === null) return { why: 'Type the least lift that would be worth having, or how many units there will be.' }
  if ([baseline, sd, effect, perDay, units].some(v => Number.isNaN(v))) return { why: 'One of the numbers is none.' }
  const all = sharesOf(form)
  const control = Math.max(0, form.variants.findIndex(v => v.control))
  const shares = [all[control]!, ...all.filter((_, k) => k !== control)]
  if (Math.abs(shares.reduce((a, b) => a + b, 0) - 1) > 1e-6 || shares.some(v => v <= 0)) return { why: 'Every variant needs a share, and together they make 100 %.' }
  return {
    ask: {
      ...(rate ? { baseline_rate: baseline / 100 } : { mean: baseline, sd: sd! }), shares, alpha: Math.round((1 - (typedShare(form.level) ?? 0.95)) * 1e6) / 1e6, power: typedShare(form.power) ?? 0.8,
      ...(effect === null ? {} : { minimum_effect: effect }), ...(perDay === null ? {} : { units_per_day: perDay }), ...(units === null ? {} : { units }),
      ...(form.method ? { method: form.method } : {}), ...(form.looks.trim() ? { looks: typed(form.looks) } : {}), ...(form.spending === 'obrien_fleming' ? {} : { spending: form.spending }), ...(form.correction === 'holm' ? {} : { correction: form.correction }),
      ...(form.type === 'bayesian_ab' && units !== null
        ? { rule: { early_stopping_threshold: typed(form.parameters.early_stopping_threshold) ?? 0.95, significance_threshold: typedShare(form.level) ?? 0.95, min_sample_size: typed(form.minSampleSize), prior_alpha: typed(form.parameters.prior_alpha) ?? 1, prior_beta: typed(form.parameters.prior_beta) ?? 1 } }
        : {})
    } as Ask
  }
}

const share = (v: number) => pct(v, v * 100 % 1 ? 1 : 0, false)
const listed = (names: string[]) => (names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : names[0] ?? '')

/** What will happen once it is started. */
export function outlook(form: ExperimentForm): string {
  const kind = algorithm(form.type)
  const traffic = typedShare(form.ramped ? form.ramp[0]?.traffic ?? '' : form.traffic) ?? 1
  const shares = sharesOf(form)
  const names = form.variants.map(v => variantName(form, v) || 'a variant without a name')
  const unit = form.unit_type.trim() || 'user'
  const who = form.audience ? `${unit} units that match the audience` : `all ${unit} units`
  const entering = traffic >= 1 ? `${who.replace(/^./, c => c.toUpperCase())} enter` : `${share(traffic)} of ${who} enter${form.ramped ? ', step by step more' : ''}`
  const range = form.layer ? `, inside ${form.layerShare || '?'} % of the layer ${form.layer}` : ''
  const split = !learns(form.type)
    ? new Set(shares.map(v => v.toFixed(5))).size === 1 && names.length > 2 ? `Each of ${names.length} variants gets ${share(shares[0] ?? 0)} of them.` : names.length > 6 ? `${names.length} variants share them as you set.` : `${listed(names.map((name, k) => `${share(shares[k] ?? 0)} get ${name}`))}.`
    : `They start ${form.variants.some(v => v.weight.trim()) ? 'with the shares you typed' : 'evenly'} over ${names.length} variants, and ${kind.label} moves the shares from then on${kind.contextual ? ', for each unit by its features' : ''}.`
  const primary = orderedMetrics(form)[0]
  const planned = typed(form.plannedUnits)
  const end = form.type === 'flag' ? 'Nothing is measured.'
    : primary?.role === 'primary' ? `${nameWord(primary.name || 'the primary metric')} decides${planned ? `, at ${count(planned)} units at the latest` : ''}.` : 'Nothing decides yet: without a primary metric, events are counted and nothing is inferred.'
  const guards = form.type === 'flag' ? 0 : form.metrics.filter(m => m.role === 'guardrail').length
  const guard = guards ? form.guardrails === 'pause' ? ` Evidence of harm to ${guards === 1 ? 'its guardrail' : 'a guardrail'} pauses it within a minute.` : form.guardrails === 'alarm' ? ' Harm to a guardrail raises an alarm, and pauses nothing.' : '' : ''
  const hours = typed(form.ttlHours)
  const keeps = form.type === 'flag' ? 'Nothing is stored of whoever asks.' : form.sticky === 'none' ? 'Each decision is drawn for itself.' : `Who was assigned keeps the variant${form.sticky === 'ttl' && hours ? ` for ${many(hours, 'hour')}` : ''}.`
  return `${entering}${range}. ${split} ${end}${guard} ${keeps}`
}

export interface Check { state: 'ok' | 'look' | 'todo', text: string, at?: string }
/** Before the start. `look`: may be as meant; `todo`: it cannot start. */
export function checklist(form: ExperimentForm, faults: Record<string, string>): Check[] {
  const checks: Check[] = []
  const first = Object.entries(faults)
  checks.push(first.length ? { state: 'todo', text: first.length === 1 ? 'One field needs your attention' : `${first.length} fields need your attention`, at: first[0]![0] } : { state: 'ok', text: 'Every field is right' })
  if (form.variants.length > 1) {
    const configs = form.variants.map(v => { try { return v.cell && !v.config.trim() ? combined(form, v.cell).config : v.config.trim() ? JSON.parse(v.config) as unknown : {} } catch { return v.uid } })
    const alike = configs.every(c => same(c, configs[0]))
    checks.push({ state: alike ? 'look' : 'ok', text: alike ? 'All variants have the same config. Right for an A/A check, or if your code goes by the variant’s key' : 'The variants’ configs differ', at: '/variants/0/config' })
  }
  if (form.type !== 'flag') {
    const primary = form.metrics.some(m => m.role === 'primary')
    checks.push({ state: primary ? 'ok' : 'look', text: primary ? 'A primary metric decides' : 'No primary metric: there will be counts, and no answer', at: '/metrics' })
    checks.push({ state: form.hypothesis.trim() ? 'ok' : 'look', text: form.hypothesis.trim() ? 'The hypothesis is written down' : 'No hypothesis. Written before the first number, it is worth most', at: '/hypothesis' })
    if (!learns(form.type)) checks.push({ state: form.plannedUnits.trim() ? 'ok' : 'look', text: form.plannedUnits.trim() ? 'It has a planned size' : 'No planned size: intervals hold at any time, and are wider for it', at: '/planned_units' })
    const guard = form.metrics.some(m => m.role === 'guardrail')
    checks.push({ state: guard ? 'ok' : 'look', text: guard ? 'A guardrail watches' : 'No guardrail: nothing stops it by itself', at: '/metrics' })
  }
  return checks
}
