import type { Interactions, OtherExperiment } from '~/types'
import type { ChartTable } from '~/types/chart'

/** What was found of another experiment, in words and a picture; the words are enough. */
export const findingLook: Record<OtherExperiment['finding'], { word: string, icon: string, color: string }> = {
  depends: { word: 'The effect depends on it', icon: 'i-lucide-split', color: 'var(--warn)' },
  unequal_split: { word: 'The split is wrong', icon: 'i-lucide-circle-x', color: 'var(--neg)' },
  not_shown: { word: 'No dependence shown', icon: 'i-lucide-circle-check', color: 'var(--flat)' },
  refused: { word: 'Cannot be told', icon: 'i-lucide-circle-help', color: 'var(--flat)' }
}

/** All others in one sentence. */
export function interactionsSentence({ others, not_looked_at: more }: Interactions): string {
  const number = (finding: OtherExperiment['finding']) => others.filter(each => each.finding === finding).length
  const parts = [
    number('depends') && `the effect depends on ${many(number('depends'), 'other')}`,
    number('unequal_split') && `the split of shared units is wrong with ${count(number('unequal_split'))}`,
    number('not_shown') && `of ${count(number('not_shown'))} no dependence is shown`,
    number('refused') && `of ${count(number('refused'))} nothing can be told`
  ].filter(Boolean).join(', ')
  return `${many(others.length, 'experiment')} ran beside this one on units of the same type: ${parts}.${more ? ` ${many(more, 'experiment')} that started earlier ${more === 1 ? 'was' : 'were'} not looked at.` : ''}`
}

/** Every difference of effects, unrounded. */
export function interactionsTable(found: Interactions): ChartTable {
  const columns = ['other', 'units_in_both', 'finding', 'refused', 'split_p_value', 'p_value', 'adjusted_p_value', 'fixed_p_value', 'variant', 'other_variant', 'difference_of_effects', 'lower', 'upper']
  return {
    columns,
    rows: found.others.flatMap((each) => {
      const shared = [each.experiment_key, each.units, each.finding, each.refused, each.split?.p_value ?? null, each.test?.p_value ?? null, each.test?.adjusted_p_value ?? null, each.test?.fixed_p_value ?? null]
      if (!each.differences.length) return [[...shared, null, null, null, null, null]]
      return each.differences.map(d => [...shared, d.variant_key, d.other_variant_key, d.difference.estimate, d.difference.lower, d.difference.upper])
    })
  }
}
