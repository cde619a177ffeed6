import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Document } from '~/types/form'
import { algorithm, ALGORITHMS } from '~/utils/algorithms'
import { blankForm, createBody, derivedKey, documentOf, editBody, equalWeights, formOf, mergePatch, newForced, newMetric, newVariant, rebase, sharesOf } from '~/utils/experimentForm'
import { cells, combinations, newFactor, newLevel, variantName } from '~/utils/factors'
import { withValues } from '~/utils/flagValues'
import { brokenAt, faultsOf, jsonFault, placed } from '~/utils/formFaults'
import { typed, typedShare } from '~/utils/numbers'
import { checklist, outlook, powerQuestion } from '~/utils/planning'
import { asked, curlSnippet, python, pythonSnippet, shell } from '~/utils/snippets'
import { fromTemplate, TEMPLATES } from '~/utils/templates'

const named = (given = {}) => ({ ...blankForm(), name: 'Checkout', ...given })

describe('numbers as people type them', () => {
  it('may have a comma, a minus sign of print, spaces and a per cent sign', () => {
    expect([' 12,5 ', '\u22123', '1 000', '5 %', '.5', '1e3'].map(typed)).toEqual([12.5, -3, 1000, 5, 0.5, 1000])
  })
  it('are null when empty and no number when they are none, and never taken for another', () => {
    expect(typed('  ')).toBe(null)
    for (const text of ['x', '1,2,3', '1.2.3', '12px', '0x10', 'Infinity', '1,000.5']) expect(typed(text)).toBeNaN()
  })
  it('are millionths where they are shares, so that three equal ones make a whole', () => {
    for (const n of [2, 3, 7, 50, 100]) expect(equalWeights(n).reduce((sum, w) => sum + Math.round(typedShare(w)! * 1e6), 0)).toBe(1e6)
  })
})

describe('the body that creates an experiment', () => {
  it('of a name alone is an A/B test that can start', () => {
    const form = named()
    expect(faultsOf(form)).toEqual({})
    expect(createBody(form)).toEqual({ name: 'Checkout', type: 'ab', variants: [{ name: 'control', is_control: true, weight: 0.5, config: {} }, { name: 'treatment', is_control: false, weight: 0.5, config: {} }] })
  })
  it('says what was typed, in the units of the API', () => {
    const body = createBody(named({
      traffic: '12,5', plannedUnits: '20000', level: '99', minimumEffect: '2', power: '90', layer: 'cart', layerShare: '25',
      metrics: [newMetric({ name: 'spent', days: '14', cap: '99.9', capKind: 'quantile', unit: 'EUR' }), newMetric({ name: 'order', role: 'primary', kind: 'conversion' }), newMetric({ name: 'slow', role: 'guardrail', kind: 'quantile', quantile: '90', margin: '5', direction: 'decrease' })]
    }))
    expect(body).toMatchObject({
      traffic_allocation: 0.125, planned_units: 20000, significance_threshold: 0.99, analysis: { minimum_effect: 0.02, power: 0.9 }, layer: { key: 'cart', share: 0.25 }, primary_metric: { name: 'order', kind: 'conversion', role: 'primary' },
      secondary_metrics: [{ name: 'spent', window_seconds: 1_209_600, cap: { quantile: 0.999 }, unit: 'EUR' }, { name: 'slow', quantile: 0.9, margin: 0.05, direction: 'decrease' }]
    })
  })
  it('leaves shares out where they are learned, and takes no other type’s parameters', () => {
    const bandit = fromTemplate(TEMPLATES.find(t => t.key === 'models')!, named())
    const body = createBody({ ...bandit, parameters: { floor: '0.01', early_stopping_threshold: '0.9' } })
    expect((body.variants as object[])[0]).toEqual({ key: 'seasonal_naive', name: 'Seasonal naive', is_control: true, config: { model: 'seasonal_naive' } })
    expect(body.parameters).toEqual({ floor: 0.01 })
    expect(sharesOf(bandit)).toEqual([0.2, 0.2, 0.2, 0.2, 0.2])
  })
  it('says for how long a unit keeps its variant, and decisions are units of their own', () => {
    expect(createBody(named({ sticky: 'ttl', ttlHours: '1,5' }))).toMatchObject({ sticky: 'ttl', ttl_seconds: 5400 })
    expect(createBody(named({ sticky: 'none', unit_type: 'session' }))).toMatchObject({ sticky: 'none', unit_type: 'decision' })
    expect(formOf({ ...documentOf(named({ sticky: 'ttl', ttlHours: '36' })) })).toMatchObject({ sticky: 'ttl', ttlHours: '36' })
    expect(formOf({ name: 'x', unit_type: 'decision' }).sticky).toBe('none')
    expect(faultsOf(named({ sticky: 'ttl', ttlHours: '' }))['/ttl_seconds']).toContain('must be a number')
    expect(faultsOf(named({ sticky: 'ttl', ttlHours: '0.01' }))['/ttl_seconds']).toContain('must be a number')
    expect(faultsOf(named({ unit_type: 'decision' }))['/unit_type']).toContain('one decision')
  })
  it('holds units back wherever shares are learned, and nowhere else', () => {
    for (const { type, purpose } of ALGORITHMS) expect([type, createBody(named({ type, holdback: '5' })).holdback]).toEqual([type, ['earn', 'learn'].includes(purpose) ? { share: 0.05, to: 'uniform' } : undefined])
  })
  it('of every template is without fault', () => {
    for (const template of TEMPLATES) {
      const form = fromTemplate(template, named())
      expect([template.key, faultsOf(form)]).toEqual([template.key, {}])
      expect(algorithm(form.type).label).not.toBe(form.type)
      expect(createBody(form).name).toBe('Checkout')
    }
  })
})

describe('an edit', () => {
  const definition = {
    ...documentOf(named({ metrics: [newMetric({ name: 'order', role: 'primary', kind: 'conversion', days: '0.0416667' })] })), key: 'checkout', variants: [{ key: 'a', name: 'A', is_control: true, weight: 0.333333, config: {} }, { key: 'b', name: 'B', is_control: false, weight: 0.666667, config: { x: [1] } }], parameters: { prior_alpha: 1, prior_beta: 1 }, dimensions: ['country'],
    analysis: { method: null, looks: 14, spending: 'obrien_fleming', minimum_effect: null, power: 0.8, minimum_days: 7 }
  }
  it('that changes nothing sends nothing, whatever the form has no field for', () => {
    const began = formOf(definition)
    expect(editBody(formOf(definition), began, false)).toEqual({})
    expect(editBody(formOf(definition), began, true)).toEqual({})
  })
  it('sends what differs, and null for what was taken away', () => {
    const began = formOf({ ...definition, audience: { all: [{ attribute: 'a', operator: 'present' }] }, layer: { key: 'cart', share: 0.5 } })
    const now = { ...structuredClone(began), name: 'Other', audience: null, layer: '' }
    expect(editBody(now, began, false)).toEqual({ name: 'Other', audience: null, layer: null })
  })
  it('of a running experiment names only the variants that change, and only what changes of them', () => {
    const began = formOf({ ...definition, variants: [{ key: 'a', name: 'A', is_control: true, weight: 0.5, config: { n: 1 } }, { key: 'b', name: 'B', is_control: false, weight: 0.5, config: {} }] })
    const now = structuredClone(began)
    now.variants[1]!.state = 'paused'
    now.variants[0]!.config = '{"n":   1}'
    expect(editBody(now, began, true)).toEqual({ variants: [{ key: 'b', state: 'paused' }] })
  })
  it('replaces an audience as a whole, and merges what is an object', () => {
    expect(mergePatch({ audience: { all: [] }, layer: { key: 'a', share: 1 }, tags: ['x'] }, { audience: { any: [] }, layer: { key: 'a', share: 0.5 }, tags: [] })).toEqual({ audience: { any: [] }, layer: { share: 0.5 }, tags: [] })
  })
  it('is put on top of what somebody else changed: theirs where it was left alone, as typed where not', () => {
    const began = named()
    const result = rebase(began, { ...began, name: 'Mine', owner: 'me' }, { ...began, name: 'Theirs', hypothesis: 'So it is' })
    expect(result.form).toMatchObject({ name: 'Mine', owner: 'me', hypothesis: 'So it is' })
    expect([result.both, result.others]).toEqual([['name'], ['name', 'hypothesis']])
  })
})

describe('what is wrong', () => {
  it('is said where it is', () => {
    const form = named({ name: ' ', traffic: '120', variants: [newVariant({ name: 'a', weight: '50', config: '{"x": }' }), newVariant({ name: 'a', weight: '40' })], metrics: [newMetric({ name: '' })] })
    expect(Object.keys(faultsOf(form)).sort()).toEqual(['/metrics/0/name', '/name', '/traffic_allocation', '/variants', '/variants/0/config', '/variants/1/name'])
  })
  it('in JSON is the place', () => {
    expect(jsonFault('{"a": 1}')).toBe(null)
    expect(jsonFault('{\n  "a": x\n}')).toBe('is not JSON: look at line 2, column 8')
    for (const [text, at] of [['{"a" 1}', 5], ['[1,]', 3], ['{"a": 1,}', 8], ['[1] 2', 4], ['{"a": [1, {"b": tru}]}', 16], ['"x', 0], ['{', 1], ['[01]', 1], ['}', 0]] as const) {
      expect(() => JSON.parse(text)).toThrow()
      expect([text, brokenAt(text)]).toEqual([text, at])
    }
    expect(jsonFault(JSON.stringify('x'.repeat(100_001)))).toMatch(/at most/)
    expect(jsonFault(JSON.stringify('x'.repeat(99_990)))).toBe(null)
  })
  it('by the server’s word lands at the field, also of a metric and of a variant that is named by key', () => {
    const form = named({ metrics: [newMetric({ name: 'spent' }), newMetric({ name: 'order', role: 'primary' })] })
    form.variants[1]!.key = 'b'
    const at = (pointer: string, keys?: string[]) => Object.keys(placed([{ pointer, message: 'no' }], form, keys))[0]
    expect([at('/primary_metric/kind'), at('/secondary_metrics/0/cap/value'), at('/variants/0/weight'), at('/variants/0/weight', ['b']), at('/name')]).toEqual(['/metrics/0/kind', '/metrics/1/cap', '/variants/0/weight', '/variants/1/weight', '/name'])
  })
})

describe('code to paste', () => {
  const wired = { base: 'http://localhost:8000', key: 'it’s "here"', metric: { name: 'a\'b', kind: 'conversion' }, attributes: { country: 'DE', new: true, none: null }, token: false, measured: true }
  it('keeps everything that was typed inside its literal', () => {
    expect(python({ a: [true, null, 'x"y\n'] })).toBe('{"a": [True, None, "x\\"y\\n"]}')
    expect(shell('it\'s $HOME')).toBe('\'it\'\\\'\'s $HOME\'')
    expect(pythonSnippet(wired)).toContain('attributes={"country": "DE", "new": True, "none": None}')
    expect(curlSnippet(wired)).toContain('a\'\\\'\'b')
  })
  it('of a flag logs nothing', () => {
    expect(pythonSnippet({ ...wired, measured: false })).not.toContain('log_')
  })
  it('has an attribute for everything that an audience asks about', () => {
    expect(asked({ all: [{ attribute: 'country', operator: 'in', value: ['DE', 'AT'] }, { not: { attribute: 'age', operator: 'less', value: 18 } }, { audience: 'x' }] })).toEqual({ country: 'DE', age: 18 })
  })
})

describe('what will happen', () => {
  it('is said in one paragraph, with names as they are', () => {
    expect(outlook(named())).toBe('All user units enter. 50% get control and 50% get treatment. Nothing decides yet: without a primary metric, events are counted and nothing is inferred. Who was assigned keeps the variant.')
    expect(outlook(named({ traffic: '10', audience: {}, metrics: [newMetric({ name: 'order', role: 'primary' })], plannedUnits: '2000' }))).toContain('10% of user units that match the audience enter. ')
  })
  it('can be planned once a baseline and an effect are there, control first', () => {
    const form = named({ baseline: '10', minimumEffect: '5', unitsPerDay: '3000', variants: [newVariant({ name: 'b', weight: '20' }), newVariant({ name: 'a', control: true, weight: '80' })] })
    expect(powerQuestion(form)).toEqual({ ask: { baseline_rate: 0.1, shares: [0.8, 0.2], alpha: 0.05, power: 0.8, minimum_effect: 0.05, units_per_day: 3000 } })
    for (const other of [named(), named({ type: 'flag' }), named({ type: 'thompson_sampling', baseline: '10', minimumEffect: '5' }), named({ baseline: 'x', minimumEffect: '5' })]) expect(powerQuestion(other)).toHaveProperty('why')
  })
  it('is checked before the start', () => {
    expect(checklist(named({ name: '' }), { '/name': 'is required' })[0]).toMatchObject({ state: 'todo', at: '/name' })
    expect(checklist(named(), {}).map(c => c.state)).toEqual(['ok', 'look', 'look', 'look', 'look', 'look'])
  })
})

it('a key is made of a name as the server makes it', () => {
  expect([derivedKey('checkout_v2'), derivedKey('Größe & Preis, 2'), derivedKey('שלום'), derivedKey('conversions')]).toEqual(['checkout_v2', 'groe-preis-2', '', 'conversions'])
})

describe('several things varied at once', () => {
  const factors = () => [
    newFactor({ key: 'layout', levels: [newLevel({ key: 'list', config: '{"grid": false}' }), newLevel({ key: 'grid', name: 'Grid', config: '{"grid": true}' })] }),
    newFactor({ key: 'colour', levels: [newLevel({ key: 'grey' }), newLevel({ key: 'blue', config: '{"hue": 210}' })] })
  ]
  const made = () => {
    const given = factors()
    return named({ factors: given, variants: cells({ factors: [], variants: [] }, given, true) })
  }
  it('are variants of all combinations, with name, key and config from their levels, and the first as it is today', () => {
    const form = made()
    expect(faultsOf(form)).toEqual({})
    expect(form.variants.map(v => [variantName(form, v), v.control])).toEqual([['list, grey', true], ['list, blue', false], ['Grid, grey', false], ['Grid, blue', false]])
    expect(createBody(form)).toMatchObject({
      factors: [{ key: 'layout', levels: [{ key: 'list', config: { grid: false } }, { key: 'grid', name: 'Grid', config: { grid: true } }] }, { key: 'colour', levels: [{ key: 'grey' }, { key: 'blue' }] }],
      variants: [{ is_control: true, factors: { layout: 'list', colour: 'grey' } }, { factors: { layout: 'list', colour: 'blue' } }, { factors: { layout: 'grid', colour: 'grey' } }, { factors: { layout: 'grid', colour: 'blue' } }]
    })
    expect((createBody(form).variants as object[])[0]).not.toHaveProperty('config')
  })
  it('keep what somebody took out or wrote when a level comes, and bring it all back when asked', () => {
    const form = made()
    form.variants[3]!.name = 'Bold'
    form.variants.splice(1, 1)
    const more = form.factors.map((f, k) => (k ? { ...f, levels: [...f.levels, newLevel({ key: 'red' })] } : f))
    const next = cells(form, more)
    expect(next.map(v => variantName({ factors: more }, v))).toEqual(['list, grey', 'list, red', 'Grid, grey', 'Bold', 'Grid, red'])
    expect(cells({ factors: more, variants: next }, more, true)).toHaveLength(6)
    expect(combinations(more)).toHaveLength(6)
  })
  it('are the same form after they were stored, and no change of it', () => {
    const form = made()
    const stored = { ...createBody(form), variants: [
      { key: 'list-grey', name: 'list, grey', is_control: true, weight: 0.25, config: { grid: false }, factors: { layout: 'list', colour: 'grey' } },
      { key: 'list-blue', name: 'list, blue', is_control: false, weight: 0.25, config: { grid: false, hue: 210 }, factors: { layout: 'list', colour: 'blue' } },
      { key: 'grid-grey', name: 'Grid, grey', is_control: false, weight: 0.25, config: { grid: true }, factors: { layout: 'grid', colour: 'grey' } },
      { key: 'grid-blue', name: 'Mine', is_control: false, weight: 0.25, config: { grid: true, hue: 1 }, factors: { layout: 'grid', colour: 'blue' } }
    ] }
    const [a, b] = [formOf(stored), formOf(stored)]
    expect(a).toEqual(b)
    expect(a.variants.map(v => [v.key, v.name, v.config ? JSON.parse(v.config) as unknown : null])).toEqual([['', '', null], ['', '', null], ['', '', null], ['', 'Mine', { grid: true, hue: 1 }]])
    expect(editBody(a, b, false)).toEqual({})
    a.factors[1]!.levels[1]!.name = 'Blue'
    expect(Object.keys(editBody(a, b, false)).sort()).toEqual(['factors', 'variants'])
    b.variants[0]!.state = 'paused'
    expect(editBody(b, formOf(stored), true)).toEqual({ variants: [{ key: 'list-grey', state: 'paused' }] })
  })
  it('have their faults at the field', () => {
    const form = made()
    form.factors[0]!.levels[1]!.key = 'list'
    form.factors[1]!.key = ''
    form.factors[1]!.levels[0]!.config = '{"grid": 1}'
    form.variants = form.variants.slice(0, 2)
    const faults = faultsOf(form)
    expect(faults['/factors/0/levels/1/key']).toBe('another level of it has this key')
    expect(faults['/factors/1/key']).toBe('is required')
    expect(faults['/factors/1/levels/0/config']).toContain('is set by another factor too')
    expect(faults['/variants']).toContain('no variant has layout = list')
  })
})

describe('what only some need', () => {
  it('is sent as the API says it, and left out where it is the default', () => {
    const variants = [newVariant({ name: 'control', control: true, weight: '50' }), newVariant({ name: 'New one', weight: '50' })]
    const form = named({
      variants, forced: [newForced({ unit: 'mara', variant: variants[1]!.uid })], dimensions: ['plan'], sampleRatio: 'off',
      metrics: [newMetric({ name: 'order', role: 'primary', kind: 'conversion' }), newMetric({ name: 'spent', adjusted: 'further', covariates: ['order'] }), newMetric({ name: 'late', adjusted: 'none' })]
    })
    expect(faultsOf(form)).toEqual({})
    expect(createBody(form)).toMatchObject({ forced: { mara: 'new-one' }, dimensions: ['plan'], acting: { guardrails: 'pause', sample_ratio: 'off' }, secondary_metrics: [{ name: 'spent', covariates: ['order'] }, { name: 'late', covariates: [] }] })
    const back = formOf(createBody(form))
    expect(back.forced[0]).toMatchObject({ unit: 'mara', variant: '' }) // its variant has no key yet
    expect(back.metrics.map(m => [m.adjusted, m.covariates])).toEqual([['own', []], ['further', ['order']], ['none', []]])
    for (const name of ['forced', 'dimensions', 'acting', 'factors']) expect(createBody(named())).not.toHaveProperty(name)
    expect(createBody(named({ dimensions: [] }))).toMatchObject({ dimensions: [] })
  })
  it('is taken back as a merge patch says it', () => {
    const stored = { name: 'x', variants: [{ key: 'a', name: 'a', is_control: true, weight: 0.5, config: {} }, { key: 'b', name: 'b', weight: 0.5, config: {} }], forced: { mara: 'b', ada: 'a' } }
    const [began, form] = [formOf(stored), formOf(stored)]
    expect(form.forced.map(f => f.variant)).toEqual([form.variants[1]!.uid, form.variants[0]!.uid])
    form.forced.shift()
    expect(editBody(form, began, true)).toEqual({ forced: { mara: null } })
  })
  it('has its faults at the field', () => {
    const variants = [newVariant({ name: 'control', control: true }), newVariant({ name: '\u65e5\u672c' })]
    const faults = faultsOf(named({
      type: 'thompson_sampling', variants, parameters: { half_life_days: '0', promotion_threshold: '0.4', floor: '0.6', window_days: 'x' }, dimensions: Array.from({ length: 17 }, (_, k) => `d${k}`),
      forced: [newForced({ unit: 'a', variant: variants[0]!.uid }), newForced({ unit: 'a', variant: variants[0]!.uid }), newForced({ unit: 'b', variant: variants[1]!.uid }), newForced()],
      metrics: [newMetric({ name: 'm', role: 'primary', adjusted: 'further' }), newMetric({ name: 'n', adjusted: 'further', covariates: ['n'] })]
    }))
    expect(Object.keys(faults).sort()).toEqual([
      '/dimensions', '/forced/1/unit', '/forced/2/variant', '/forced/3/unit', '/forced/3/variant', '/metrics/0/covariates', '/metrics/1/covariates', '/parameters/floor', '/parameters/half_life_days', '/parameters/promotion_threshold', '/parameters/window_days'
    ])
    expect(placed([{ pointer: '/forced/a~1b', message: 'x' }], named({ forced: [newForced({ unit: 'a/b' })] }))).toEqual({ '/forced/0/variant': 'x' })
  })
})

// What a definition may say is the server's to tell: a field that it gains and the form does not know fails here.
interface Schema { $ref?: string, const?: unknown, enum?: unknown[], anyOf?: Schema[], oneOf?: Schema[], type?: string, format?: string, minimum?: number, maximum?: number, items?: Schema, minItems?: number, properties?: Record<string, Schema>, additionalProperties?: boolean | Schema }
const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../spec/definition.schema.json'), 'utf8')) as { $defs: Record<string, Schema> }
const forms = readdirSync(join(import.meta.dirname, '../app/components/form')).filter(name => name.endsWith('.vue')).map(name => readFileSync(join(import.meta.dirname, '../app/components/form', name), 'utf8')).join('\n')

/** What the schema allows at a place, null left out. */
const shapes = (at: Schema): Schema[] => (at.$ref ? shapes(schema.$defs[at.$ref.split('/').pop()!]!) : (at.anyOf ?? at.oneOf)?.flatMap(shapes) ?? (at.type === 'null' ? [] : [at]))
/** Each value at this place that says something else than the others of its kind. */
function values(at: Schema): unknown[] {
  if ('const' in at) return [at.const]
  if (at.enum) return at.enum
  if (at.type === 'boolean') return [true, false]
  if (at.type === 'integer') return [Math.max(at.minimum ?? 0, 61)]
  if (at.type === 'number') return [Math.min(at.maximum ?? 0.75, Math.max(at.minimum ?? 0.75, 0.75))]
  if (at.type === 'string') return [at.format === 'date-time' ? '2099-03-01T07:00:00.000Z' : 'word']
  return [{ any: 1 }]
}
/** Every leaf below, by its JSON pointer: of a list one entry, of alternatives each. */
function* leaves(at: Schema, pointer = ''): Generator<[string, unknown]> {
  for (const shape of shapes(at)) {
    if (shape.properties) for (const [name, below] of Object.entries(shape.properties)) yield* leaves(below, `${pointer}/${name}`)
    else if (shape.items) yield* leaves(shape.items, `${pointer}/0`)
    else if (typeof shape.additionalProperties === 'object') yield* leaves(shape.additionalProperties, `${pointer}/colour`)
    else for (const value of values(shape)) yield [pointer, value]
  }
}
const part = (document: unknown, pointer: string) => pointer.slice(1).split('/').reduce((v, name) => (v as Document | undefined)?.[name], document)
function put(document: unknown, [name, ...below]: string[], value: unknown): unknown {
  if (name === undefined) return value
  const inner = put((document as Document | undefined)?.[name], below, value)
  return name === '0' ? [inner, ...((document as unknown[] | undefined) ?? []).slice(1)] : { ...(document as Document), [name]: inner }
}
/** What else a definition has to say, so that it can say this. */
const beside: [RegExp, (name: string) => Document][] = [
  [/^\/ttl_seconds/, () => ({ sticky: 'ttl' })], [/^\/value_type/, () => ({ type: 'flag' })], [/^\/holdback/, () => ({ type: 'thompson_sampling', holdback: { share: 0.1, to: 'uniform' } })],
  [/^\/features\/0\/(low|high)/, () => ({ type: 'lints', features: [{ name: 'age', type: 'number', low: -1, high: 2 }] })], [/^\/features/, () => ({ type: 'lints', features: [{ name: 'country', type: 'category', levels: ['DE'] }] })],
  [/^\/parameters\/(\w+)/, name => ({ type: ALGORITHMS.find(a => a.parameters.some(p => p.name === name))?.type ?? 'ab' })],
  [/^\/ramp/, () => ({ ramp: [{ traffic: 0.1, hours: 2 }, { traffic: 1 }] })], [/^\/layer/, () => ({ layer: { key: 'cart', share: 0.5 } })], [/^\/forced/, () => ({ forced: {} })],
  [/^\/analysis\/prior/, () => ({ analysis: { prior: { mean: 0.1, sd: 0.1 } } })],
  [/^\/(factors|variants\/0\/factors)/, () => ({
    factors: [{ key: 'colour', levels: [{ key: 'grey' }, { key: 'word' }] }, { key: 'size', levels: [{ key: 'small' }, { key: 'big' }] }],
    variants: [{ key: 'a', name: 'A', is_control: true, factors: { colour: 'grey', size: 'small' } }, { key: 'b', name: 'B', factors: { colour: 'word', size: 'big' } }]
  })]
]
const ofMetric: Record<string, Document> = { numerator: { kind: 'ratio', denominator: 'y' }, denominator: { kind: 'ratio', numerator: 'x' }, quantile: { kind: 'quantile' }, cap: { kind: 'mean' }, margin: { role: 'guardrail' } }
function saying(pointer: string, value: unknown): Document {
  const base: Document = { name: 'x', key: 'x', variants: [{ key: 'word', name: 'a', is_control: true, weight: 0.5 }, { key: 'b', name: 'b', weight: 0.5 }] }
  const [, more] = beside.find(([at]) => at.test(pointer)) ?? []
  const whole = { ...base, ...more?.(pointer.split('/')[2] ?? '') }
  const [, where, field] = /^\/(primary_metric|secondary_metrics)(?:\/0)?\/(\w+)/.exec(pointer) ?? []
  const metric = { name: 'm', role: where === 'primary_metric' ? 'primary' : 'secondary', kind: 'mean', ...ofMetric[field!] }
  return put(where ? { ...whole, [where]: where === 'primary_metric' ? metric : [metric] } : whole, pointer.slice(1).split('/'), value) as Document
}

describe('what a definition may say', () => {
  /** Other ways to say what the form says, which no definition of the server has; and a margin is of guardrails. */
  const spellings = /^\/(kind|mode|cells|status)\b|\/window_days$|^\/variants\/0\/state$|^\/features\/0\/levels$|^\/(primary_metric|secondary_metrics\/0)$|^\/primary_metric\/margin$/
  const all = [...leaves(schema.$defs.experiment!)].filter(([pointer]) => !spellings.test(pointer))
  it('is walked over as a whole', () => {
    for (const known of ['/public', '/value_type', '/analysis/prior/sd', '/analysis/looks', '/secondary_metrics/0/covariates/0', '/primary_metric/minimum_effect', '/parameters/learned_delays', '/variants/0/config', '/forced/colour', '/factors/0/levels/0/name']) expect(all.map(([pointer]) => pointer)).toContain(known)
  })
  it('is all in the form, and comes out of it as it went in', () => {
    for (const [pointer, value] of all) {
      const form = formOf(saying(pointer, value))
      expect({ pointer, value: part(documentOf(form), pointer) }).toEqual({ pointer, value })
      expect(form.metrics.map(m => m.rest)).toEqual(form.metrics.map(() => ({})))
      expect(editBody(form, structuredClone(form), false)).toEqual({})
    }
  })
  it('is kept by an edit where the form has no field for it', () => {
    const of = (more: Document) => ({ ...saying('/name', 'x'), ...more, analysis: { to_come: 1, power: 0.8 }, to_come: 1, primary_metric: { name: 'm', role: 'primary', kind: 'mean', direction: 'increase', to_come: 1 } })
    const [began, form] = [formOf(of({})), formOf(of({}))]
    form.power = '90'
    form.metrics[0]!.unit = 'EUR'
    expect(editBody(form, began, false)).toEqual({ analysis: { power: 0.9 }, primary_metric: { unit: 'EUR' } })
  })
  it('is named with its metrics’ names alone, too', () => {
    expect(formOf({ name: 'x', primary_metric: 'order', secondary_metrics: ['spent'] }).metrics).toMatchObject([{ name: 'order', role: 'primary', kind: 'conversion' }, { name: 'spent', role: 'secondary', kind: 'mean', direction: 'increase' }])
  })
  it('has a field at which the server’s objection to it stands', () => {
    const places = [...forms.matchAll(/(?:\bat=|:at=|fieldId\()["'`]+(\/[^"'`]*)/g)].map(([, at]) => new RegExp(`^${at!.replace(/\$\{[^}]*\}/g, '[^/]+')}$`))
    /** Chosen, not typed: the server has nothing to say of one of these by itself. */
    const chosen = /^\/variants\/0\/(is_control|factors\/)|^\/features\/0\/required$/
    for (const [pointer, value] of all) if (!chosen.test(pointer)) {
      const at = Object.keys(placed([{ pointer, message: 'no' }], formOf(saying(pointer, value))))[0]!.replace(/\/\d+$|(\/config|^\/audience)\/?.*$/, '$1')
      expect(places.some(place => place.test(at)), at).toBe(true)
      if (at.startsWith('/parameters/')) expect(ALGORITHMS.flatMap(a => a.parameters.map(p => p.name))).toContain(at.slice(12))
    }
  })
})

describe('the value of a flag', () => {
  it('is of the type that was chosen, and what somebody wrote stays', () => {
    const variants = [newVariant({ name: 'control', control: true }), newVariant({ name: 'treatment' }), newVariant({ name: 'mine', config: '{"a": 1}' })]
    const configs = (type: Parameters<typeof withValues>[1], of = variants) => withValues(of, type).map(v => v.config)
    expect(configs('boolean')).toEqual(['false', 'true', '{"a": 1}'])
    expect(configs('string', withValues(variants, 'boolean'))).toEqual(['"control"', '"treatment"', '{"a": 1}'])
    expect(configs('number', withValues(variants, 'string'))).toEqual(['0', '1', '{"a": 1}'])
    expect(configs('object', withValues(variants, 'number'))).toEqual(['{}', '{}', '{"a": 1}'])
  })
  it('that is none of its type has its fault at its config', () => {
    const flag = (config: string, valueType: Parameters<typeof withValues>[1]) => faultsOf(named({ type: 'flag', valueType, variants: [newVariant({ name: 'off', control: true, weight: '0', config }), newVariant({ name: 'on', weight: '100', config })] }))['/variants/0/config']
    expect([flag('true', 'boolean'), flag('"x"', 'string'), flag('1.5', 'number'), flag('{}', 'object')]).toEqual([undefined, undefined, undefined, undefined])
    for (const [config, type] of [['1', 'boolean'], ['true', 'string'], ['true', 'number'], ['[]', 'object'], ['null', 'object']] as const) expect(flag(config, type)).toMatch(/^must be /)
  })
})
