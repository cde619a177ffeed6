// An experiment as a form, as the document that the server takes, and back. Pure, so that it can be held to examples.
import type { Document, ExperimentForm, FeatureForm, ForcedForm, MetricForm, VariantForm } from '~/types/form'
import { algorithm } from './algorithms'
import { combined, levelsOf, newFactor, newLevel } from './factors'
import { millionths, plainNumber, plainShare, typed, typedShare } from './numbers'
import { learns } from './wording'

let last = 0
/** A name for a row of this page, so that rows can be moved while somebody types in them. */
export const newUid = () => `r${Date.now().toString(36)}${(last++).toString(36)}`

export const newVariant = (given: Partial<VariantForm> = {}): VariantForm => ({ uid: newUid(), key: '', name: '', control: false, weight: '', config: '{}', state: 'active', cell: null, ...given })
export const newMetric = (given: Partial<MetricForm> = {}): MetricForm => ({ uid: newUid(), name: '', role: 'secondary', kind: 'mean', direction: 'increase', days: '', cap: '', capKind: 'none', margin: '', minimumEffect: '', numerator: '', denominator: '', quantile: '', unit: '', description: '', adjusted: 'own', covariates: [], rest: {}, ...given })
export const newFeature = (given: Partial<FeatureForm> = {}): FeatureForm => ({ uid: newUid(), name: '', type: 'category', low: '0', high: '1', levels: [], required: false, ...given })
export const newForced = (given: Partial<ForcedForm> = {}): ForcedForm => ({ uid: newUid(), unit: '', variant: '', ...given })
/** The attributes that an assignment keeps where nobody says otherwise. */
export const DIMENSIONS: readonly string[] = ['country', 'device', 'browser', 'platform']

/** How it is judged where nobody says otherwise. */
const PLAN = { spending: 'obrien_fleming', correction: 'holm', scope: 'metric', adjustment: 'lin', prior: 'normal' } as const

export const blankForm = (): ExperimentForm => ({
  name: '', key: '', hypothesis: '', description: '', owner: '', tags: [], public: false, type: 'ab', unit_type: 'user', sticky: 'forever', ttlHours: '24',
  variants: [newVariant({ name: 'control', control: true, weight: '50' }), newVariant({ name: 'treatment', weight: '50' })],
  factors: [], metrics: [], features: [], valueType: 'boolean', forced: [], dimensions: [...DIMENSIONS], parameters: {}, audience: null, traffic: '100', ramped: false, ramp: newRamp(), holdback: '', holdbackTo: 'uniform', holdout: true, layer: '', layerShare: '',
  plannedUnits: '', minSampleSize: '', level: '95', power: '80', minimumEffect: '', method: '', minimumDays: '', looks: '', ...PLAN, priorMean: '', priorSd: '', guardrails: 'pause', sampleRatio: 'sequential', autoPromote: false, startsAt: '', endsAt: '',
  baseline: '', sd: '', unitsPerDay: ''
})
export const newRamp = () => [{ traffic: '1', hours: '24' }, { traffic: '10', hours: '24' }, { traffic: '50', hours: '24' }, { traffic: '100', hours: '' }]

/** The shares in force, as fractions: equal ones where none are typed and none are needed. */
export function sharesOf(form: Pick<ExperimentForm, 'variants' | 'type'>): number[] {
  const given = form.variants.map(v => typedShare(v.weight))
  if (given.every(v => v === null)) return form.variants.map(() => 1 / form.variants.length)
  return given.map(v => (v !== null && Number.isFinite(v) ? v : 0))
}

/** Equal shares in per cent with at most four decimals, which sum to exactly 100. */
export function equalWeights(n: number): string[] {
  const whole = Math.floor(1e6 / n)
  return Array.from({ length: n }, (_, k) => plainNumber((whole + (k < 1e6 - whole * n ? 1 : 0)) / 1e4))
}

const json = (text: string): unknown => (text.trim() ? JSON.parse(text) : {})
const isoOf = (local: string) => (local ? new Date(local).toISOString() : null)
const localOf = (iso: unknown) => {
  if (typeof iso !== 'string' || !iso) return ''
  const at = new Date(iso)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

function metricBody(m: MetricForm): Document {
  const days = typed(m.days)
  const cap = typed(m.cap)
  return {
    ...m.rest, name: m.name.trim(), role: m.role, kind: m.kind, direction: m.direction,
    ...(m.kind !== 'ratio' && days !== null ? { window_seconds: Math.round(days * 86_400) } : {}),
    ...(m.kind === 'ratio' ? { numerator: m.numerator, denominator: m.denominator } : {}),
    ...(m.kind === 'quantile' ? { quantile: typedShare(m.quantile) } : {}),
    ...(m.kind === 'mean' && m.capKind !== 'none' && cap !== null ? { cap: m.capKind === 'value' ? { value: cap } : { quantile: millionths(cap / 100) } } : {}),
    ...(m.role === 'guardrail' && m.margin.trim() ? { margin: typedShare(m.margin) } : {}),
    ...(typedShare(m.minimumEffect) === null ? {} : { minimum_effect: typedShare(m.minimumEffect) }),
    ...(m.kind !== 'quantile' && m.adjusted !== 'own' ? { covariates: m.adjusted === 'none' ? [] : m.covariates } : {}),
    ...(m.unit.trim() ? { unit: m.unit.trim() } : {}), ...(m.description.trim() ? { description: m.description } : {})
  }
}
function metricForm(m: Document): MetricForm {
  const { name, role, kind, direction, window_seconds, window_days, numerator, denominator, quantile, cap, margin, minimum_effect, unit, description, covariates, ...rest } = m
  const limit = cap as { value?: number, quantile?: number } | undefined
  const days = typeof window_seconds === 'number' ? window_seconds / 86_400 : window_days as number | undefined
  const text = (v: unknown) => (typeof v === 'string' ? v : '')
  return newMetric({
    name: text(name), role: role as MetricForm['role'], kind: kind as MetricForm['kind'], direction: direction as MetricForm['direction'], days: plainNumber(days),
    numerator: text(numerator), denominator: text(denominator), quantile: plainShare(quantile as number | undefined), capKind: limit ? limit.quantile === undefined ? 'value' : 'quantile' : 'none',
    cap: limit ? limit.quantile === undefined ? plainNumber(limit.value) : plainShare(limit.quantile) : '', margin: plainShare(margin as number | undefined), minimumEffect: plainShare(minimum_effect as number | undefined), unit: text(unit), description: text(description), rest,
    adjusted: Array.isArray(covariates) ? covariates.length ? 'further' : 'none' : 'own', covariates: Array.isArray(covariates) ? covariates as string[] : []
  })
}

/** The metrics in the order of the document: the primary one, then the others as they stand. */
export const orderedMetrics = (form: Pick<ExperimentForm, 'metrics'>) => {
  const primary = form.metrics.find(m => m.role === 'primary')
  return primary ? [primary, ...form.metrics.filter(m => m !== primary)] : form.metrics
}

const cellOf = (form: ExperimentForm, cell: readonly string[]) => Object.fromEntries((levelsOf(form, cell) ?? []).map((level, k) => [form.factors[k]!.key.trim(), level.key.trim()]))
/** The key that this variant has, or will have. */
export function keyOf(form: Pick<ExperimentForm, 'variants' | 'factors'>, uid: string): string {
  const v = form.variants.find(each => each.uid === uid)
  return v ? v.key.trim() || (v.cell ? combined(form, v.cell).key : derivedKey(v.name)) : ''
}

/** All that the form has fields for, in the words of the API. Call it only where `faultsOf` finds nothing: typed JSON is parsed. */
export function documentOf(form: ExperimentForm): Document {
  const weighted = form.variants.some(v => v.weight.trim())
  const kind = algorithm(form.type)
  const measures = form.type !== 'flag'
  const metrics = measures ? form.metrics : []
  const primary = metrics.find(m => m.role === 'primary')
  const parameters: Record<string, unknown> = {}
  for (const each of kind.parameters) {
    const text = (form.parameters[each.name] ?? '').trim()
    if (text) parameters[each.name] = each.flag ? text === 'true' : typed(text)
  }
  return {
    name: form.name.trim(), key: form.key.trim() || null, type: form.type, description: form.description, hypothesis: form.hypothesis, owner: form.owner.trim(), tags: form.tags, public: form.public,
    unit_type: form.sticky === 'none' ? 'decision' : form.unit_type.trim() || 'user', sticky: form.sticky, ttl_seconds: form.sticky === 'ttl' ? Math.round((typed(form.ttlHours) ?? 0) * 3_600) : null,
    traffic_allocation: typedShare(form.traffic) ?? 1,
    variants: form.variants.map(v => ({
      ...(v.key.trim() ? { key: v.key.trim() } : {}), ...(v.cell && !v.name.trim() ? {} : { name: v.name.trim() }), is_control: v.control, ...(weighted ? { weight: typedShare(v.weight) ?? 0 } : {}),
      ...(v.cell && !v.config.trim() ? {} : { config: json(v.config) }), ...(v.cell ? { factors: cellOf(form, v.cell) } : {})
    })),
    factors: form.factors.length ? form.factors.map(f => ({
      key: f.key.trim(), ...(f.name.trim() ? { name: f.name.trim() } : {}), levels: f.levels.map(l => ({ key: l.key.trim(), ...(l.name.trim() ? { name: l.name.trim() } : {}), config: json(l.config) }))
    })) : null,
    forced: Object.fromEntries(form.forced.filter(f => f.unit.trim()).map(f => [f.unit, keyOf(form, f.variant)])),
    dimensions: form.dimensions,
    features: kind.contextual && form.features.length ? form.features.map(f => ({
      name: f.name.trim(), type: f.type, ...(f.type === 'number' ? { low: typed(f.low) ?? 0, high: typed(f.high) ?? 1 } : f.type === 'category' ? { levels: f.levels } : {}), required: f.required
    })) : null,
    value_type: form.type === 'flag' ? form.valueType : null,
    starts_at: isoOf(form.startsAt), ends_at: isoOf(form.endsAt),
    ramp: form.ramped ? form.ramp.map((step, k) => ({ traffic: typedShare(step.traffic), ...(k < form.ramp.length - 1 ? { hours: typed(step.hours) } : {}) })) : null,
    primary_metric: primary ? metricBody(primary) : null, secondary_metrics: metrics.filter(m => m !== primary).map(metricBody),
    parameters,
    ...(measures ? {
      planned_units: typed(form.plannedUnits), min_sample_size: typed(form.minSampleSize), significance_threshold: typedShare(form.level) ?? 0.95, auto_promote_winner: form.autoPromote, acting: { guardrails: form.guardrails, sample_ratio: form.sampleRatio },
      analysis: {
        minimum_effect: typedShare(form.minimumEffect), power: typedShare(form.power) ?? 0.8, ...(form.method ? { method: form.method } : {}), ...(form.minimumDays.trim() ? { minimum_days: typed(form.minimumDays) } : {}),
        ...(form.looks.trim() ? { looks: typed(form.looks) } : {}), spending: form.spending, correction: form.correction, scope: form.scope, adjustment: form.adjustment,
        prior: form.prior === 'normal' ? { mean: typedShare(form.priorMean) ?? PRIOR.mean, sd: typedShare(form.priorSd) ?? PRIOR.sd } : form.prior
      }
    } : {}),
    audience: form.audience, layer: form.layer ? { key: form.layer, share: typedShare(form.layerShare) ?? 1 } : null, holdout: form.holdout,
    holdback: learns(form.type) && typedShare(form.holdback) ? { share: typedShare(form.holdback), to: form.holdbackTo } : null
  }
}

const PRIOR = { mean: 0, sd: 0.05 }
const DEFAULTS: Document = { public: false, value_type: 'boolean', traffic_allocation: 1, unit_type: 'user', sticky: 'forever', dimensions: DIMENSIONS, significance_threshold: 0.95, auto_promote_winner: false, holdout: true }
const empty = (v: unknown) => v === null || v === undefined || v === '' || (Array.isArray(v) && !v.length) || (isObject(v) && !Object.keys(v).length)
/** What creates it: what has its default is left out. */
export function createBody(form: ExperimentForm): Document {
  const all = documentOf(form)
  const usual: Document = { ...PLAN, prior: PRIOR, power: 0.8 }
  const analysis = Object.fromEntries(Object.entries(all.analysis as Document ?? {}).filter(([name, v]) => v !== null && !same(usual[name], v)))
  return Object.fromEntries(Object.entries({ ...all, analysis, acting: form.guardrails === 'pause' && form.sampleRatio === 'sequential' ? null : all.acting }).filter(([name, v]) => !(empty(v) && name !== 'dimensions') && !(name in DEFAULTS && same(DEFAULTS[name], v))))
}

/** A definition (`GET …/definition`, or any body of create) as a form. */
export function formOf(document: Document, states: Record<string, VariantForm['state']> = {}): ExperimentForm {
  const d = document as Record<string, never> & Document
  const text = (name: string, fallback = '') => (typeof d[name] === 'string' ? d[name] as string : fallback)
  const analysis = (d.analysis ?? {}) as Document
  const declared = (given: unknown, usual: Document) => ({ direction: 'increase', ...usual, ...(typeof given === 'string' ? { name: given } : given as Document) })
  const metrics = [...(d.primary_metric ? [declared(d.primary_metric, { role: 'primary', kind: 'conversion' })] : []), ...((d.secondary_metrics ?? []) as unknown[]).map(each => declared(each, { role: 'secondary', kind: 'mean' }))]
  const ramp = d.ramp as { traffic: number, hours?: number | null }[] | null | undefined
  const layer = d.layer as { key: string, share: number } | null | undefined
  const held = d.holdback as { share: number, to: ExperimentForm['holdbackTo'] } | null | undefined
  const blank = blankForm()
  const prior = (analysis.prior ?? {}) as ExperimentForm['prior'] | { mean?: number, sd?: number }
  const word = <K extends keyof typeof PLAN>(name: K) => String(analysis[name] ?? PLAN[name])
  // their names on this page follow from their places, so that the same definition is the same form
  const factors = ((d.factors ?? []) as Document[]).map((f, i) => newFactor({
    uid: `f${i}`, key: String(f.key), name: f.name === f.key ? '' : String(f.name ?? ''),
    levels: ((f.levels ?? []) as Document[]).map((l, k) => newLevel({ uid: `f${i}l${k}`, key: String(l.key), name: l.name === l.key ? '' : String(l.name ?? ''), config: JSON.stringify(l.config ?? {}, null, 2) }))
  }))
  const variants = ((d.variants ?? []) as Document[]).map((v, k) => {
    const given = v.factors as Record<string, string> | null | undefined
    const cell = given && factors.length ? factors.map(f => f.levels.find(l => l.key === given[f.key])?.uid ?? '') : null
    const own = cell && combined({ factors }, cell)
    return newVariant({
      uid: `v${k}-${String(v.key ?? '')}`, key: own?.key === v.key ? '' : String(v.key ?? ''), name: own?.name === v.name ? '' : String(v.name ?? ''), control: v.is_control === true, weight: typeof v.weight === 'number' ? plainShare(v.weight) : '',
      config: own && same(own.config, v.config ?? {}) ? '' : JSON.stringify(v.config ?? {}, null, 2), state: states[String(v.key)] ?? 'active', cell
    })
  })
  const keyed = (key: string) => variants.find(v => (v.key || (v.cell ? combined({ factors }, v.cell).key : '')) === key)?.uid ?? ''
  return {
    ...blank, factors, variants, forced: Object.entries((d.forced ?? {}) as Record<string, string>).map(([unit, key]) => newForced({ unit, variant: keyed(key) })),
    dimensions: Array.isArray(d.dimensions) ? [...d.dimensions as string[]] : blank.dimensions, name: text('name'), key: text('key'), hypothesis: text('hypothesis'), description: text('description'), owner: text('owner'), tags: [...(d.tags as string[] | undefined ?? [])], public: d.public === (true as unknown), type: text('type', 'ab'), valueType: text('value_type', 'boolean') as ExperimentForm['valueType'], unit_type: text('unit_type', 'user'),
    sticky: text('sticky', d.unit_type === ('decision' as unknown) ? 'none' : 'forever') as ExperimentForm['sticky'], ttlHours: typeof d.ttl_seconds === 'number' ? plainNumber(d.ttl_seconds as number / 3_600) : blank.ttlHours,
    metrics: metrics.map(metricForm),
    features: ((d.features ?? []) as Document[]).map(f => newFeature({ name: String(f.name), type: f.type as FeatureForm['type'], low: plainNumber(f.low as number | undefined) || '0', high: plainNumber(f.high as number | undefined) || '1', levels: [...(f.levels as string[] | undefined ?? [])], required: f.required === true })),
    parameters: Object.fromEntries(Object.entries((d.parameters ?? {}) as Document).map(([name, v]) => [name, typeof v === 'number' ? plainNumber(v) : String(v)])),
    audience: (d.audience as Document | null | undefined) ?? null, traffic: plainShare((d.traffic_allocation as number | undefined) ?? 1),
    ramped: Boolean(ramp), ramp: ramp ? ramp.map(step => ({ traffic: plainShare(step.traffic), hours: plainNumber(step.hours) })) : blank.ramp,
    holdback: held ? plainShare(held.share) : '', holdbackTo: held?.to ?? 'uniform', holdout: d.holdout !== (false as unknown), layer: layer?.key ?? '', layerShare: layer ? plainShare(layer.share) : '',
    plannedUnits: plainNumber(d.planned_units as number | undefined), minSampleSize: plainNumber(d.min_sample_size as number | undefined), level: plainShare((d.significance_threshold as number | undefined) ?? 0.95),
    power: plainShare((analysis.power as number | undefined) ?? 0.8), minimumEffect: plainShare(analysis.minimum_effect as number | undefined), method: String(analysis.method ?? ''), minimumDays: plainNumber(analysis.minimum_days as number | undefined),
    looks: plainNumber(analysis.looks as number | undefined), spending: word('spending'), correction: word('correction'), scope: word('scope'), adjustment: word('adjustment'),
    prior: typeof prior === 'string' ? prior : 'normal', priorMean: isObject(prior) ? plainShare(prior.mean as number | undefined) : '', priorSd: isObject(prior) ? plainShare(prior.sd as number | undefined) : '',
    guardrails: ((d.acting as Document | undefined)?.guardrails ?? 'pause') as ExperimentForm['guardrails'], sampleRatio: ((d.acting as Document | undefined)?.sample_ratio ?? 'sequential') as ExperimentForm['sampleRatio'], autoPromote: d.auto_promote_winner === (true as unknown), startsAt: localOf(d.starts_at), endsAt: localOf(d.ends_at)
  }
}

export const isObject = (v: unknown): v is Document => typeof v === 'object' && v !== null && !Array.isArray(v)
/** Whether two JSON values say the same, whatever the order of their fields. */
export function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((each, k) => same(each, b[k]))
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a)
    return names.length === Object.keys(b).length && names.every(name => name in b && same(a[name], b[name]))
  }
  return a === b
}

/** The JSON merge patch that makes `after` of `before`; lists, and the audience, are replaced as a whole. Both have the same names. */
export function mergePatch(before: Document, after: Document): Document {
  const patch: Document = {}
  for (const [name, value] of Object.entries(after)) {
    const was = before[name]
    if (same(was ?? null, value ?? null)) continue
    const inner = isObject(was) && isObject(value) && name !== 'audience' ? { ...Object.fromEntries(Object.keys(was).filter(each => !(each in value)).map(each => [each, null])), ...mergePatch(was, value) } : value
    patch[name] = inner
  }
  return patch
}

/** What a change of the form changes about the experiment. `definition` is what was there; `form` began as `formOf(definition)`. */
export function editBody(form: ExperimentForm, began: ExperimentForm, started: boolean): Document {
  const before = documentOf(began)
  const after = documentOf(form)
  const patch = mergePatch(before, after)
  if ('type' in patch) { // parameters of another type are no change of these
    if (Object.keys(after.parameters as Document).length) patch.parameters = after.parameters
    else delete patch.parameters
  }
  // without its variants other factors would make all their cells anew
  if ('factors' in patch) patch.variants = after.variants
  if (!started) return patch
  delete patch.variants
  const changed = form.variants.flatMap((v) => {
    const was = began.variants.find(each => each.uid === v.uid)
    if (!was) return v.added ? [{ key: keyOf(form, v.uid), name: v.name.trim(), config: json(v.config) }] : []
    const own: Document = {}
    if (v.name.trim() !== was.name) own.name = v.name.trim() || (v.cell ? combined(form, v.cell).name : '')
    if (v.state !== was.state) own.state = v.state
    if (!same(typedShare(v.weight), typedShare(was.weight))) own.weight = typedShare(v.weight)
    if (!same(json(v.config), json(was.config))) own.config = v.cell && !v.config.trim() ? combined(form, v.cell).config : json(v.config)
    return Object.keys(own).length ? [{ key: keyOf(form, v.uid), ...own }] : []
  })
  if (changed.length) patch.variants = changed
  return patch
}

/** What somebody typed, on top of what somebody else changed meanwhile. `both`: fields that both changed; they stay as typed. */
export function rebase(began: ExperimentForm, mine: ExperimentForm, theirs: ExperimentForm): { form: ExperimentForm, both: (keyof ExperimentForm)[], others: (keyof ExperimentForm)[] } {
  const form = { ...mine }
  const both: (keyof ExperimentForm)[] = []
  const others: (keyof ExperimentForm)[] = []
  for (const name of Object.keys(theirs) as (keyof ExperimentForm)[]) {
    if (name === 'baseline' || name === 'sd' || name === 'unitsPerDay' || same(bare(began[name]), bare(theirs[name]))) continue
    others.push(name)
    if (same(bare(began[name]), bare(mine[name]))) Object.assign(form, { [name]: theirs[name] })
    else if (!same(bare(mine[name]), bare(theirs[name]))) both.push(name)
  }
  return { form, both, others }
}
/** Without the names of rows. */
export function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare)
  if (isObject(value)) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'uid').map(([name, each]) => [name, bare(each)]))
  return value
}

/** The key that the server will make of a name. */
export function derivedKey(name: string): string {
  const plain = name.trim()
  if (/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(plain) && plain !== 'conversions') return plain
  return plain.normalize('NFKD').replace(/[^\x00-\x7f]/g, '').toLowerCase().replace(/[^a-z0-9._:-]+/g, '-').replace(/^[-._:]+|[-._:]+$/g, '').slice(0, 128)
}
