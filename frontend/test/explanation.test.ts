import { describe, expect, it } from 'vitest'
import type { Explanation } from '~/types'
import { findingLines, noExpectationWord, replayWord, stepPlaces, stepSentence, stepWord } from '~/utils/explanation'
import { count } from '~/utils/format'

type Step = Explanation['steps'][number]
const step = (given: Partial<Step>): Step => ({ name: 'variant', outcome: 'passed', reason: null, variant_key: null, propensity: null, bucket: null, start: null, stop: null, finding: null, ...given })

describe('a step of a decision', () => {
  it('that settles the matter says why, and one of a later server says its own word', () => {
    expect(stepSentence(step({ name: 'stored', outcome: 'settled', reason: 'stored' }))).toBe('it was assigned, and keeps what it got')
    expect(stepSentence(step({ name: 'audience' }))).toBe('it is in the audience')
    expect(stepSentence(step({ outcome: 'settled', reason: 'sun_spots' }))).toBe('Sun spots')
    expect(stepWord('moon_phase')).toBe('Moon phase')
  })
  it('that draws says where the unit fell and what passes, both ends included', () => {
    expect(stepPlaces(step({ name: 'traffic', bucket: 412_031, start: 0, stop: 500_000 }))).toBe(`Bucket ${count(412_031)}; 0 to ${count(499_999)} pass`)
    expect(stepPlaces(step({ bucket: 7, start: 0, stop: 10 }))).toBe('Bucket 7; 0 to 9 are the variant’s')
    expect(stepPlaces(step({ name: 'layer', bucket: 7, start: 0, stop: 0 }))).toBe('Bucket 7; none passes')
    expect(stepPlaces(step({ name: 'layer', bucket: 7 }))).toBe('Bucket 7')
    expect(stepPlaces(step({ name: 'status' }))).toBeNull()
  })
})

describe('an audience', () => {
  it('tells of each condition what it wanted and found, deeper by each group', () => {
    const test = (attribute: string, found: unknown, matched: boolean) => ({ word: 'in', matched, attribute, wanted: ['DE'], found, parts: [] })
    const finding = { word: 'all', matched: false, attribute: null, wanted: null, found: null, parts: [test('country', 'DE', true), test('region', null, false)] }
    expect(findingLines(finding)).toEqual([
      { depth: 0, matched: false, text: 'all of' },
      { depth: 1, matched: true, text: 'country is one of ["DE"]: it is "DE"' },
      { depth: 1, matched: false, text: 'region is one of ["DE"]: it is missing' }
    ])
  })
})

it('a decision that was made again is told whether it holds', () => {
  expect(replayWord('same')).toContain('the same')
  expect(replayWord('eaten_by_mice')).toBe('Eaten by mice')
  expect(noExpectationWord('no_model')).toContain('equal shares')
})
