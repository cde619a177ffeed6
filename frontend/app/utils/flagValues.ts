// What the value of a flag may be, as the server holds it.
import type { ValueType, VariantForm } from '~/types/form'
import { isObject } from './experimentForm'

export const VALUE_TYPES: readonly { label: string, value: ValueType }[] = [
  { label: 'On or off', value: 'boolean' }, { label: 'A text', value: 'string' }, { label: 'A number', value: 'number' }, { label: 'An object', value: 'object' }
]
const WORDS: Record<ValueType, string> = { boolean: 'true or false', string: 'a text in quotes', number: 'a number', object: 'an object in braces' }

/** What keeps this JSON value from being one of the type; null where it is one. */
export const valueFault = (value: unknown, type: ValueType) => ((type === 'object' ? isObject(value) : typeof value === type) ? null : `must be ${WORDS[type]}: that is the value of this flag`)

/** What a variant has where nobody has written a value yet. */
const first = (v: VariantForm, k: number, type: ValueType) => JSON.stringify({ boolean: !v.control, string: v.key.trim() || v.name.trim(), number: k, object: {} }[type])

/** The variants with a first value of this type each; what somebody wrote stays, and is right or told to be wrong. */
export function withValues(variants: readonly VariantForm[], type: ValueType): VariantForm[] {
  return variants.map((v, k) => (!v.config.trim() || VALUE_TYPES.some(each => v.config.trim() === first(v, k, each.value)) ? { ...v, config: first(v, k, type) } : v))
}
