// What is wrong with an experiment before it is sent, and where the server's objections belong.
import type { ExperimentForm, Faults } from '~/types/form'
import { algorithm } from './algorithms'
import { isObject, keyOf, orderedMetrics } from './experimentForm'
import { combined, MOST_CELLS, variantName } from './factors'
import { valueFault } from './flagValues'
import { typed, typedShare } from './numbers'
import { learns } from './wording'

export const MOST_CONFIG = 100_000
export const MOST_VARIANTS = 100

/** Where JSON goes wrong: a sentence with line and column; null where it is right. */
export function jsonFault(text: string): string | null {
  if (!text.trim()) return null
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(JSON.parse(text))).length
    return bytes > MOST_CONFIG ? `is ${bytes.toLocaleString()} bytes as compact JSON; at most ${MOST_CONFIG.toLocaleString()} are kept` : null
  } catch {
    const before = text.slice(0, brokenAt(text)).split('\n')
    return `is not JSON: look at line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`
  }
}

/** The place from which on a text is no JSON any more; browsers do not agree in telling it. */
export function brokenAt(text: string): number {
  const token = /[\t\n\r ]*(?:([[\]{},:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.]))/y
  const open: string[] = []
  let wants: 'value' | 'first' | 'key' | 'colon' | 'after' = 'value' // `first`: what follows a bracket that was just opened
  for (let at = 0; ;) {
    token.lastIndex = at
    const found = token.exec(text)
    const end = at + (/^[\t\n\r ]*/.exec(text.slice(at))?.[0].length ?? 0)
    if (!found) return end
    const [, mark, string, scalar] = found
    const inside = open.at(-1)
    if (wants === 'colon') {
      if (mark !== ':') return end
      wants = 'value'
    } else if (wants === 'after') {
      if (mark === ',' && inside) wants = inside === '{' ? 'key' : 'value'
      else if (mark && inside && mark === (inside === '{' ? '}' : ']')) open.pop()
      else return end
    } else if (wants === 'key' || (wants === 'first' && inside === '{')) {
      if (string) wants = 'colon'
      else if (wants === 'first' && mark === '}') {
        open.pop()
        wants = 'after'
      } else return end
    } else if (string || scalar) wants = 'after'
    else if (mark === '{' || mark === '[') {
      open.push(mark)
      wants = 'first'
    } else if (wants === 'first' && mark === ']') {
      open.pop()
      wants = 'after'
    } else return end
    at = token.lastIndex
  }
}

/** By the pointer of the field; empty where all is well. */
export function faultsOf(form: ExperimentForm): Faults {
  const faults: Faults = {}
  const fault = (at: string, message: string) => { faults[at] ??= message }
  const within = (at: string, text: string, low: number, high: number, per = 1) => {
    const v = typed(text)
    // what was stored is shown with ten digits, and at an end of its range stays right
    if (v !== null && !(v / per >= low - Math.abs(low) * 1e-9 && v / per <= high + Math.abs(high) * 1e-9)) fault(at, `must be a number from ${Number((low * per).toPrecision(7))} to ${Number((high * per).toPrecision(7))}`)
  }
  const whole = (at: string, text: string) => {
    const v = typed(text)
    if (v !== null && !(Number.isInteger(v) && v >= 1)) fault(at, 'must be a whole number from 1 on')
  }
  if (!form.name.trim()) fault('/name', 'is required')
  if (form.key.trim() && !/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(form.key.trim())) fault('/key', 'must begin with a letter or digit, then letters, digits, . _ : -')
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(form.unit_type.trim() || 'user')) fault('/unit_type', 'must be one word of letters, digits, . _ -')
  else if (form.sticky !== 'none' && form.unit_type.trim() === 'decision') fault('/unit_type', 'of decisions each is drawn: choose “one decision” beside it')
  if (form.sticky === 'ttl') within('/ttl_seconds', form.ttlHours || 'x', 60 / 3_600, 366 * 24)

  if (form.variants.length < 2) fault('/variants', 'two variants are needed at least')
  form.variants.forEach((v, k) => {
    const name = variantName(form, v)
    if (!name && !v.cell) fault(`/variants/${k}/name`, 'is required')
    else if (name && form.variants.findIndex(each => variantName(form, each) === name) < k) fault(`/variants/${k}/name`, 'another variant has this name')
    if (v.key.trim() && !/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(v.key.trim())) fault(`/variants/${k}/key`, 'letters, digits, . _ : - only')
    within(`/variants/${k}/weight`, v.weight, 0, 1, 100)
    const wrong = jsonFault(v.config)
    if (wrong) fault(`/variants/${k}/config`, wrong)
    else if (form.type === 'flag') {
      const no = valueFault(JSON.parse(v.config.trim() || '{}'), form.valueType)
      if (no) fault(`/variants/${k}/config`, no)
    }
  })
  const weights = form.variants.map(v => typedShare(v.weight))
  if ((!learns(form.type) && !form.factors.length) || weights.some(w => w !== null)) {
    const sum = weights.reduce((all: number, w) => all + (w ?? 0), 0)
    if (weights.every(w => w === null || Number.isFinite(w)) && Math.abs(sum - 1) > 1e-6) fault('/variants', `shares must add up to 100 %; they add up to ${Number((sum * 100).toFixed(4))} %`)
  }

  factorFaults(form, fault)
  const forced = form.forced.map(f => f.unit)
  form.forced.forEach((f, k) => {
    if (!f.unit.trim()) fault(`/forced/${k}/unit`, 'which unit?')
    else if (f.unit.length > 256) fault(`/forced/${k}/unit`, 'must have at most 256 characters')
    else if (forced.indexOf(f.unit) < k) fault(`/forced/${k}/unit`, 'is there already')
    if (!form.variants.some(v => v.uid === f.variant)) fault(`/forced/${k}/variant`, 'choose a variant')
    else if (!keyOf(form, f.variant)) fault(`/forced/${k}/variant`, 'give this variant a key first')
  })
  if (form.dimensions.length > 16) fault('/dimensions', 'at most 16 are kept')
  form.dimensions.forEach((name) => { if (name.length > 64) fault('/dimensions', `${name.slice(0, 20)}… is longer than 64 characters`) })

  within('/traffic_allocation', form.traffic, 0, 1, 100)
  if (learns(form.type)) within('/holdback/share', form.holdback, 0, 0.5, 100)
  const metrics = orderedMetrics(form)
  if (form.type !== 'flag') metrics.forEach((m, k) => {
    const at = `/metrics/${k}`
    if (!m.name.trim()) fault(`${at}/name`, 'is required')
    else if (metrics.findIndex(each => each.name.trim() === m.name.trim()) < k) fault(`${at}/name`, 'is declared already')
    within(`${at}/window_days`, m.days, 60 / 86_400, 365)
    if (m.role === 'guardrail') within(`${at}/margin`, m.margin, 1e-6, 100, 100)
    within(`${at}/minimum_effect`, m.minimumEffect, 1e-6, 100, 100)
    if (m.kind === 'quantile' && typed(m.quantile) === null) fault(`${at}/quantile`, 'which one? For example 90')
    if (m.kind === 'quantile') within(`${at}/quantile`, m.quantile, 1e-6, 1 - 1e-6, 100)
    if (m.kind === 'mean' && m.capKind === 'value') within(`${at}/cap`, m.cap || 'x', 1e-6, 1e12)
    if (m.kind === 'mean' && m.capKind === 'quantile') within(`${at}/cap`, m.cap || 'x', 0.5, 1 - 1e-6, 100)
    if (m.kind !== 'quantile' && m.adjusted === 'further') {
      const own = [m.name.trim(), ...(m.kind === 'ratio' ? [m.numerator, m.denominator] : [])]
      const odd = m.covariates.find(name => own.includes(name) || !metrics.some(each => each.name.trim() === name && each.kind !== 'ratio'))
      if (!m.covariates.length) fault(`${at}/covariates`, 'name one at least')
      else if (m.covariates.length > 4) fault(`${at}/covariates`, 'at most 4')
      else if (odd !== undefined) fault(`${at}/covariates`, own.includes(odd) ? `${odd} is a covariate of it already: name further ones` : `${odd} is no metric of this experiment, other than a ratio`)
    }
    if (m.kind === 'ratio') for (const part of ['numerator', 'denominator'] as const) if (!m[part]) fault(`${at}/${part}`, 'choose one of the other metrics')
  })
  const kind = algorithm(form.type)
  if (kind.type !== 'ab' && kind.type !== 'flag' && !metrics.some(m => m.role === 'primary')) fault('/metrics', `${kind.label} goes by a primary metric: add one`)
  if (kind.contextual && kind.type !== 'squarecb' && !form.features.length) fault('/features', 'it learns from features: add one at least')
  if (kind.contextual) form.features.forEach((f, k) => {
    if (!f.name.trim()) fault(`/features/${k}/name`, 'is required')
    if (f.type === 'category' && !f.levels.length) fault(`/features/${k}/levels`, 'name the values that are told apart')
    if (f.type === 'number' && !((typed(f.low) ?? 0) < (typed(f.high) ?? 1))) fault(`/features/${k}/high`, 'must be above the lower end')
  })
  for (const p of kind.parameters) if (!p.flag) within(`/parameters/${p.name}`, form.parameters[p.name] ?? '', p.low, p.high)
  if (form.parameters.learned_delays === 'true' && kind.parameters.some(p => p.name === 'learned_delays')) {
    if (form.parameters.mean_delay_hours?.trim()) fault('/parameters/learned_delays', 'a delay that is known needs no learning: keep one of both')
    else if (metrics[0]?.role === 'primary' && metrics[0].kind !== 'conversion') fault('/parameters/learned_delays', `is of conversions, and the primary metric is a ${metrics[0].kind}`)
  }
  if ((typed(form.parameters.floor) ?? 0) * form.variants.length > 1) fault('/parameters/floor', `${form.variants.length} variants leave room for at most ${Number((1 / form.variants.length).toPrecision(3))}`)
  if (form.layer) within('/layer/share', form.layerShare || 'x', 0.000001, 1, 100)
  if (form.ramped) form.ramp.forEach((step, k) => {
    within(`/ramp/${k}/traffic`, step.traffic || 'x', 1e-6, 1, 100)
    if (k && !((typed(step.traffic) ?? 0) > (typed(form.ramp[k - 1]!.traffic) ?? 0))) fault(`/ramp/${k}/traffic`, 'must be above the step before')
    if (k < form.ramp.length - 1 && !((typed(step.hours) ?? 0) > 0)) fault(`/ramp/${k}/hours`, 'how many hours?')
  })
  whole('/planned_units', form.plannedUnits)
  whole('/min_sample_size', form.minSampleSize)
  within('/significance_threshold', form.level, 0.000001, 0.999999, 100)
  within('/analysis/power', form.power, 0.5, 0.999, 100)
  within('/analysis/minimum_effect', form.minimumEffect, 1e-6, 10, 100)
  within('/analysis/minimum_days', form.minimumDays, 0, 365)
  whole('/analysis/looks', form.looks)
  within('/analysis/looks', form.looks, 1, 100)
  if (form.prior === 'normal') {
    within('/analysis/prior/mean', form.priorMean, -1, 1, 100)
    within('/analysis/prior/sd', form.priorSd, 1e-6, 100, 100)
  }
  if (form.startsAt && form.endsAt && form.endsAt <= form.startsAt) fault('/ends_at', 'must be after the start')
  return faults
}

const LEVEL_KEY = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,29}$/
function factorFaults(form: ExperimentForm, fault: (at: string, message: string) => void) {
  if (!form.factors.length) return
  if (form.type === 'flag') return fault('/factors', 'a flag has none: an experiment of another kind tells what each of them does')
  if (form.factors.length < 2) fault('/factors', 'two factors are needed at least: with one, its levels are plain variants')
  if (form.factors.reduce((n, f) => n * f.levels.length, 1) > MOST_CELLS && form.variants.length > MOST_CELLS) fault('/factors', `at most ${MOST_CELLS} combinations can be variants: take some out`)
  const owner = new Map<string, number>()
  form.factors.forEach((f, i) => {
    const at = `/factors/${i}`
    const keys = f.levels.map(l => l.key.trim())
    if (!LEVEL_KEY.test(f.key.trim())) fault(`${at}/key`, f.key.trim() ? 'at most 30 letters, digits, . _ : -' : 'is required')
    else if (form.factors.findIndex(each => each.key.trim() === f.key.trim()) < i) fault(`${at}/key`, 'another factor has this key')
    f.levels.forEach((l, k) => {
      const here = `${at}/levels/${k}`
      if (!LEVEL_KEY.test(l.key.trim())) fault(`${here}/key`, l.key.trim() ? 'at most 30 letters, digits, . _ : -' : 'is required')
      else if (keys.indexOf(l.key.trim()) < k) fault(`${here}/key`, 'another level of it has this key')
      if ((l.name.trim() || l.key.trim()).length > 48) fault(`${here}/name`, 'must have at most 48 characters')
      const wrong = jsonFault(l.config)
      if (wrong) return fault(`${here}/config`, wrong)
      const config: unknown = JSON.parse(l.config.trim() || '{}')
      if (!isObject(config)) return fault(`${here}/config`, 'must be an object: those of a cell’s levels become one')
      for (const name of Object.keys(config)) {
        if ((owner.get(name) ?? i) !== i) fault(`${here}/config`, `${name} is set by another factor too: one would hide the other`)
        owner.set(name, i)
      }
    })
    const missing = f.levels.filter(l => !form.variants.some(v => v.cell?.includes(l.uid)))
    if (missing.length) fault('/variants', `no variant has ${f.key.trim()} = ${missing.map(l => l.key.trim() || '?').join(', ')}`)
  })
  for (const v of form.variants) if (v.cell && combined(form, v.cell).key.length > 128 && !v.key.trim()) fault('/factors', 'the keys of its levels make a variant’s key longer than 128 characters')
}

/** The server's pointers into the body it got, as pointers into the form. `variants`: the keys in a body that names only some. */
export function placed(errors: readonly { pointer: string, message: string }[], form: ExperimentForm, named?: readonly string[]): Faults {
  const primary = form.metrics.some(m => m.role === 'primary')
  const faults: Faults = {}
  for (const { pointer, message } of errors) {
    const at = pointer
      .replace(/^\/primary_metric/, primary ? '/metrics/0' : '/metrics')
      .replace(/^\/secondary_metrics\/(\d+)/, (_, k: string) => `/metrics/${Number(k) + (primary ? 1 : 0)}`)
      .replace(/^\/secondary_metrics/, '/metrics')
      .replace(/^(\/metrics\/\d+)\/window_seconds/, '$1/window_days')
      .replace(/^(\/metrics\/\d+\/cap)\/.*/, '$1')
      .replace(/^\/metrics\/(\d+)\/covariates\/.*/, '/metrics/$1/covariates')
      .replace(/^\/forced\/(.+)$/, (all, unit: string) => {
        const k = form.forced.findIndex(f => f.unit === unit.replace(/~1/g, '/').replace(/~0/g, '~'))
        return k < 0 ? all : `/forced/${k}/variant`
      })
      .replace(/^\/variants\/(\d+)/, (all, k: string) => (named ? `/variants/${form.variants.findIndex(v => keyOf(form, v.uid) === named[Number(k)])}` : all))
    faults[at] = faults[at] ? `${faults[at]}; ${message}` : message
  }
  return faults
}
