// Several things varied at once: factors with levels, whose cells are the variants. As the server combines them.
import type { Document, ExperimentForm, FactorForm, LevelForm, VariantForm } from '~/types/form'
import { equalWeights, isObject, newUid, newVariant } from './experimentForm'

export const MOST_FACTORS = 4
export const MOST_LEVELS = 5
export const MOST_CELLS = 100

export const newLevel = (given: Partial<LevelForm> = {}): LevelForm => ({ uid: newUid(), key: '', name: '', config: '{}', ...given })
export const newFactor = (given: Partial<FactorForm> = {}): FactorForm => ({ uid: newUid(), key: '', name: '', levels: [newLevel(), newLevel()], ...given })

/** All combinations of one level of each factor, the first levels first. */
export const combinations = (factors: readonly FactorForm[]): LevelForm[][] => factors.reduce<LevelForm[][]>((all, factor) => all.flatMap(some => factor.levels.map(level => [...some, level])), [[]])

/** The levels of a cell, in the order of the factors; null where one of them is no more. */
export function levelsOf(form: Pick<ExperimentForm, 'factors'>, cell: readonly string[]): LevelForm[] | null {
  const levels = form.factors.map(factor => factor.levels.find(level => cell.includes(level.uid)))
  return levels.length && levels.every(level => level !== undefined) ? levels as LevelForm[] : null
}

/** What a cell is called, and what it is set to, where nobody says otherwise. */
export function combined(form: Pick<ExperimentForm, 'factors'>, cell: readonly string[]): { key: string, name: string, config: Document } {
  const levels = levelsOf(form, cell) ?? []
  const config: Document = {}
  for (const level of levels) {
    try {
      const own: unknown = JSON.parse(level.config || '{}')
      if (isObject(own)) Object.assign(config, own)
    } catch { /* it is shown at the level */ }
  }
  return { key: levels.map(level => level.key.trim()).join('-'), name: levels.map(level => level.name.trim() || level.key.trim()).join(', '), config }
}

/** What the variant is called on this page. */
export const variantName = (form: Pick<ExperimentForm, 'factors'>, v: VariantForm) => v.name.trim() || (v.cell ? combined(form, v.cell).name : '')

/** The variants that these factors make: cells that are there stay as they are, `whole` brings back those that were taken out. */
export function cells(form: Pick<ExperimentForm, 'factors' | 'variants'>, factors: FactorForm[], whole = false): VariantForm[] {
  const before = form.variants.filter(v => v.cell)
  const known = new Set(form.factors.flatMap(factor => factor.levels.map(level => level.uid)))
  const sameFactors = factors.length === form.factors.length && factors.every((factor, k) => factor.uid === form.factors[k]!.uid)
  const made = combinations(factors).flatMap((levels) => {
    const cell = levels.map(level => level.uid)
    const there = before.find(v => cell.every(uid => v.cell!.includes(uid)))
    if (there) return [{ ...there, cell }]
    // one that somebody took out stays out; one of a new level, or of other factors, is new
    return whole || !sameFactors || !before.length || cell.some(uid => !known.has(uid)) ? [newVariant({ cell, config: '' })] : []
  })
  const first = made.find(v => v.control) ?? made[0]
  const weights = made.every(v => v.weight.trim()) && made.length === before.length ? null : ''
  return made.map(v => ({ ...v, control: v === first, ...(weights === null ? {} : { weight: weights }) }))
}

/** The variants of an experiment that varies one thing again. */
export const plainVariants = (): VariantForm[] => ['control', 'treatment'].map((name, k) => newVariant({ name, control: k === 0, weight: equalWeights(2)[k]! }))
