import type { Experiment, Summary } from '~/types'

export type Standing = 'broken' | 'decide' | 'running' | 'paused' | 'draft' | 'completed'

/** Where an experiment stands: what to do next in one or two words, and the sentence behind it. */
export interface Triage { standing: Standing, verb: string, why: string, to: string, progress: number | null }

export const STANDINGS: readonly Standing[] = ['broken', 'decide', 'running', 'paused', 'draft', 'completed']

/** What somebody who comes in the morning should know first. `now`: the server's clock, in milliseconds. */
export function triage(e: Experiment, summary: Summary | undefined, now: number): Triage {
  const page = `/experiments/${encodeURIComponent(e.key)}`
  const results = `${page}/results`
  const progress = summary?.plan.planned_units ? Math.min(1, summary.exposed_units / summary.plan.planned_units) : null
  const make = (standing: Standing, verb: string, why: string, to = page): Triage => ({ standing, verb, why, to, progress })
  const name = (key: string | null | undefined) => e.variants.find(v => v.key === key)?.name ?? key ?? ''
  const said = (sentence: string) => told(sentence, { variants: e.variants, metrics: e.metrics.map(m => m.name) })
  const winner = e.variants.find(v => v.id === e.winner_variant_id)

  if (e.archived_at !== null) return make('completed', 'Archived', 'It is put away')
  if (e.start_failed) return make('broken', 'Start failed', 'The start that was due could not be done')
  if (e.status === 'draft') return make('draft', e.starts_at ? `Starts ${ahead(e.starts_at, now)}` : 'Review and start', 'Nobody is assigned yet')
  if (e.status === 'completed') return winner ? make('completed', `Ships ${winner.name}`, `Everybody gets ${winner.name}`, results) : make('completed', 'Ended', 'Everybody gets the control', results)
  if (summary) {
    const { verdict } = summary
    if (verdict.value === 'fix_sample_ratio') return make('broken', 'Fix sample ratio', said(verdict.sentence), results)
    if (verdict.value === 'stop_guardrail') return make('broken', `Stop: ${name(verdict.subject) || 'guardrail'}`, said(verdict.sentence), results)
    if (summary.health === 'failed') return make('broken', 'Look into it', summary.problems[0] ? said(summary.problems[0]) : 'A check of its data failed', results)
    if (e.ramp_progress?.alarm) return make('broken', 'Ramp held', e.ramp_progress.alarm)
    if (verdict.value === 'ship') return make('decide', `Ship ${name(verdict.subject)}`, said(verdict.sentence), results)
    if (verdict.value === 'no_difference') return make('decide', 'End it', said(verdict.sentence), results)
  }
  if (e.status === 'paused') return make('paused', 'Resume or end', 'Everybody gets the control meanwhile')
  if (!summary) return make('running', 'Watch', 'Its first report is being computed', results)
  const ready = summary.plan.ready_at === null ? Number.NaN : Date.parse(summary.plan.ready_at)
  const wait = Math.max(summary.plan.seconds_left ?? 0, (ready - now) / 1000 || 0)
  return make('running', wait > 0 ? `~${span(wait)} left` : summary.verdict.value === 'collecting' ? 'Collecting' : 'Watch', said(summary.verdict.sentence), results)
}

const ahead = (at: string, now: number) => {
  const seconds = (Date.parse(at) - now) / 1000
  return seconds > 0 ? `in ${span(seconds)}` : 'now'
}

export type Sort = 'attention' | 'name' | 'changed' | 'started' | 'units'
type Row = { experiment: Experiment, summary?: Summary, triage: Triage }

const late = (a: string | null, b: string | null) => (Date.parse(b ?? '') || 0) - (Date.parse(a ?? '') || 0)
/** In which order rows stand; equal ones by what changed last. */
export const ORDERS: Record<Sort, (a: Row, b: Row) => number> = {
  attention: (a, b) => STANDINGS.indexOf(a.triage.standing) - STANDINGS.indexOf(b.triage.standing) || (b.triage.progress ?? 0) - (a.triage.progress ?? 0),
  name: (a, b) => a.experiment.name.localeCompare(b.experiment.name),
  changed: () => 0,
  started: (a, b) => late(a.experiment.started_at, b.experiment.started_at),
  units: (a, b) => (b.summary?.exposed_units ?? 0) - (a.summary?.exposed_units ?? 0)
}
export function inOrder<T extends Row>(rows: readonly T[], sort: Sort) {
  return [...rows].sort((a, b) => ORDERS[sort](a, b) || late(a.experiment.updated_at, b.experiment.updated_at))
}
