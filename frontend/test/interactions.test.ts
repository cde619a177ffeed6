import { describe, expect, it } from 'vitest'
import { findingLook, interactionsSentence, interactionsTable } from '~/utils/interactions'
import type { Interactions, OtherExperiment } from '~/types'
import { estimate } from './reports'

const other = (key: string, given: Partial<OtherExperiment>): OtherExperiment => ({
  experiment_id: key, experiment_key: key, name: key, status: 'running', units: 100, share: 0.5, left_out: 0, finding: 'not_shown', refused: null, sentence: '', split: null,
  cells: [], test: null, differences: [], within: [], averaged: [], ...given
})
const found = (others: OtherExperiment[], more = 0): Interactions => ({
  experiment_id: 'x', experiment_key: 'x', metric: 'spend', computed_at: '2026-11-20T12:00:00Z', method: 'always_valid', alpha: 0.05, correction: 'holm', exposed_units: 200, not_looked_at: more, others
})

describe('experiments on the same units', () => {
  it('are told in one sentence, with what was not looked at', () => {
    const said = interactionsSentence(found([other('a', { finding: 'depends' }), other('b', {}), other('c', { finding: 'refused' })], 2))
    expect(said).toBe('3 experiments ran beside this one on units of the same type: the effect depends on 1 other, of 1 no dependence is shown, of 1 nothing can be told. 2 experiments that started earlier were not looked at.')
    expect(interactionsSentence(found([other('a', { finding: 'unequal_split' })]))).toContain('the split of shared units is wrong with 1')
  })

  it('have a word for every finding, not only a colour', () => {
    expect(new Set(Object.values(findingLook).map(look => look.word)).size).toBe(4)
    expect(new Set(Object.values(findingLook).map(look => look.icon)).size).toBe(4)
  })

  it('are a table with a row for each difference, and one for who has none', () => {
    const difference = { variant_key: 'b', other_variant_key: 'new', difference: estimate(0.1, -0.1, 0.3) }
    const table = interactionsTable(found([other('a', { differences: [difference, difference] }), other('c', { finding: 'refused', refused: 'same_layer' })]))
    expect(table.rows).toHaveLength(3)
    expect(table.rows.every(row => row.length === table.columns.length)).toBe(true)
    expect(table.rows[0]!.slice(-3)).toEqual([0.1, -0.1, 0.3])
    expect(table.rows[2]!.slice(0, 4)).toEqual(['c', 100, 'refused', 'same_layer'])
  })
})
