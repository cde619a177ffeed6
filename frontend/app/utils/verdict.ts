import type { Direction, Variant } from '~/types'

export type Verdict = 'win' | 'loss' | 'flat'

/** What an interval of the effect says, given which way is good; a null bound is infinitely far. */
export function verdict(lo: number | null, hi: number | null, direction: Direction = 'increase'): Verdict {
  const up = direction === 'increase'
  if (lo !== null && lo > 0) return up ? 'win' : 'loss'
  if (hi !== null && hi < 0) return up ? 'loss' : 'win'
  return 'flat'
}

export const verdictColor: Record<Verdict, string> = { win: 'var(--pos)', loss: 'var(--neg)', flat: 'var(--flat)' }
export const verdictWord: Record<Verdict, string> = { win: 'better', loss: 'worse', flat: 'no clear difference' }

/** The colour of a variant, the same on every page: grey for the control, the others in their order. */
export function variantColor(variants: readonly Pick<Variant, 'key' | 'is_control'>[], key: string) {
  if (variants.find(v => v.is_control)?.key === key) return 'var(--v0)'
  const place = variants.filter(v => !v.is_control).findIndex(v => v.key === key)
  return `var(--v${1 + Math.max(0, place) % 5})`
}
