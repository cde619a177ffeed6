// The grammar of audiences (spec/targeting.schema.json) for people: operators by the kind of value they take.
import type { Condition } from '~/types/form'

export type Takes = 'scalar' | 'list' | 'ordered' | 'none' | 'text' | 'version' | 'date'
export const OPERATORS: readonly { value: string, label: string, takes: Takes }[] = [
  { value: 'equals', label: 'is', takes: 'scalar' }, { value: 'not_equals', label: 'is not', takes: 'scalar' }, { value: 'in', label: 'is one of', takes: 'list' }, { value: 'not_in', label: 'is none of', takes: 'list' },
  { value: 'greater', label: 'is more than', takes: 'ordered' }, { value: 'greater_or_equal', label: 'is at least', takes: 'ordered' }, { value: 'less', label: 'is less than', takes: 'ordered' }, { value: 'less_or_equal', label: 'is at most', takes: 'ordered' },
  { value: 'present', label: 'is there', takes: 'none' }, { value: 'contains', label: 'contains', takes: 'text' }, { value: 'starts_with', label: 'starts with', takes: 'text' }, { value: 'ends_with', label: 'ends with', takes: 'text' }, { value: 'matches', label: 'matches the pattern', takes: 'text' },
  { value: 'semver_equals', label: 'is version', takes: 'version' }, { value: 'semver_greater', label: 'is later than version', takes: 'version' }, { value: 'semver_greater_or_equal', label: 'is version or later', takes: 'version' }, { value: 'semver_less', label: 'is before version', takes: 'version' }, { value: 'semver_less_or_equal', label: 'is version or before', takes: 'version' },
  { value: 'before', label: 'is before', takes: 'date' }, { value: 'on_or_before', label: 'is on or before', takes: 'date' }, { value: 'after', label: 'is after', takes: 'date' }, { value: 'on_or_after', label: 'is on or after', takes: 'date' }
]
export const takes = (operator: unknown): Takes => OPERATORS.find(each => each.value === operator)?.takes ?? 'scalar'

export type Shape = 'all' | 'any' | 'not' | 'audience' | 'test'
export const shapeOf = (c: Condition): Shape => (Array.isArray(c.all) ? 'all' : Array.isArray(c.any) ? 'any' : 'not' in c ? 'not' : 'audience' in c ? 'audience' : 'test')

/** A text as the value that it most likely means: nothing is coerced when it is compared, so 18 and "18" are two things. */
export function scalarOf(text: string): string | number | boolean {
  const plain = text.trim()
  if (plain === 'true' || plain === 'false') return plain === 'true'
  if (/^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(plain)) return Number(plain)
  return /^".*"$/.test(plain) ? plain.slice(1, -1) : text
}
/** The same back: a text that looks like something else stands in quotes. */
export const scalarText = (value: unknown) => (typeof value === 'string' ? (typeof scalarOf(value) === 'string' && !/^".*"$/.test(value.trim()) ? value : `"${value}"`) : value === undefined || value === null ? '' : String(value))

export const emptyTest = (): Condition => ({ attribute: '', operator: 'equals', value: '' })

/** The test with another operator; a value that it can use stays. */
export function withOperator(c: Condition, operator: string): Condition {
  const { value, ...rest } = c
  const kind = takes(operator)
  if (kind === 'none') return { attribute: rest.attribute, operator }
  const first = Array.isArray(value) ? value[0] ?? '' : value ?? ''
  const next = kind === 'list' ? Array.isArray(value) ? value : first === '' ? [] : [first] : ['text', 'version', 'date'].includes(kind) ? String(first) : first
  return { attribute: rest.attribute, operator, value: next }
}
/** A group without what nobody has filled in yet; null where nothing is left. */
export function trimmed(c: Condition | null): Condition | null {
  if (!c) return null
  const shape = shapeOf(c)
  if (shape === 'all' || shape === 'any') {
    const parts = (c[shape] as Condition[]).map(trimmed).filter((part): part is Condition => part !== null)
    return parts.length ? { [shape]: parts } : null
  }
  if (shape === 'not') {
    const inner = trimmed(c.not as Condition)
    return inner && { not: inner }
  }
  return shape === 'audience' ? c.audience ? c : null : String(c.attribute ?? '').trim() ? c : null
}
