import { describe, expect, it } from 'vitest'
import type { Experiment, Summary } from '~/types'
import { inOrder, triage } from '~/utils/triage'

const NOW = Date.parse('2026-11-20T12:00:00Z')
const experiment = (given: Partial<Experiment> = {}) => ({
  key: 'x', name: 'X', status: 'running', archived_at: null, start_failed: null, starts_at: null, winner_variant_id: null, ramp_progress: null, updated_at: '2026-11-20T00:00:00Z', started_at: '2026-11-01T00:00:00Z',
  metrics: [], variants: [{ id: '1', key: 'control', name: 'Control', is_control: true }, { id: '2', key: 'b', name: 'Blue <b>', is_control: false }], ...given
}) as Experiment
const summary = (value: Summary['verdict']['value'], given: Partial<Summary> = {}) => ({
  exposed_units: 50, health: 'ok', problems: [], verdict: { value, sentence: 'So it is.', subject: 'b' },
  plan: { ready_at: null, planned_units: 200, units_left: 150, seconds_left: null }, ...given
}) as Summary

describe('the next step', () => {
  it('is to repair what is broken, whatever else is known', () => {
    for (const value of ['fix_sample_ratio', 'stop_guardrail'] as const) expect(triage(experiment(), summary(value), NOW)).toMatchObject({ standing: 'broken', why: 'So it is.' })
    expect(triage(experiment(), summary('ship', { health: 'failed', problems: ['No exposures for a day.'] }), NOW)).toMatchObject({ standing: 'broken', why: 'No exposures for a day.' })
    expect(triage(experiment({ start_failed: {} as never, status: 'draft' }), undefined, NOW).standing).toBe('broken')
  })
  it('names the variant that the verdict is about, as text', () => {
    expect(triage(experiment(), summary('ship'), NOW)).toMatchObject({ standing: 'decide', verb: 'Ship Blue <b>', to: '/experiments/x/results' })
  })
  it('waits as long as the plan and the shortest run say', () => {
    const plan = { ready_at: '2026-11-23T12:00:00Z', planned_units: null, units_left: null, seconds_left: 86_400 }
    expect(triage(experiment(), summary('keep_waiting', { plan }), NOW).verb).toBe('~3 d left')
    expect(triage(experiment(), summary('collecting', { plan: { ...plan, ready_at: null, seconds_left: null } }), NOW)).toMatchObject({ verb: 'Collecting', progress: null })
  })
  it('is known of every status', () => {
    const said = (given: Partial<Experiment>) => triage(experiment(given), undefined, NOW).verb
    expect(said({})).toBe('Watch')
    expect(said({ status: 'paused' })).toBe('Resume or end')
    expect(said({ status: 'draft' })).toBe('Review and start')
    expect(said({ status: 'draft', starts_at: '2026-11-20T17:00:00Z' })).toBe('Starts in 5 h')
    expect(said({ status: 'completed' })).toBe('Ended')
    expect(said({ status: 'completed', winner_variant_id: '2' })).toBe('Ships Blue <b>')
    expect(said({ status: 'completed', archived_at: '2026-11-20T00:00:00Z' })).toBe('Archived')
  })
})

it('what is broken stands before what can be decided, and that before all else', () => {
  const row = (name: string, value: Summary['verdict']['value'], given: Partial<Experiment> = {}) => {
    const e = experiment({ name, ...given })
    return { experiment: e, summary: summary(value), triage: triage(e, summary(value), NOW) }
  }
  const rows = [row('draft', 'collecting', { status: 'draft' }), row('waits', 'keep_waiting'), row('new', 'keep_waiting', { updated_at: '2026-11-20T11:00:00Z' }), row('ships', 'ship'), row('broken', 'fix_sample_ratio')]
  expect(inOrder(rows, 'attention').map(each => each.experiment.name)).toEqual(['broken', 'ships', 'new', 'waits', 'draft'])
  expect(inOrder(rows, 'name').map(each => each.experiment.name)).toEqual(['broken', 'draft', 'new', 'ships', 'waits'])
})
