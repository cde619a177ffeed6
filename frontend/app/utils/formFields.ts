import type { InjectionKey, Ref } from 'vue'
import type { Faults } from '~/types/form'

/** What is wrong, for the fields below. */
export const FAULTS: InjectionKey<Ref<Faults>> = Symbol('faults')
/** The element of the field at a pointer. */
export const fieldId = (at: string) => `field${at.replace(/[^A-Za-z0-9]+/g, '-')}`

/** Goes to the field at this pointer, or to the nearest one around it that is there. */
export function goTo(at: string) {
  for (let pointer = at; ; pointer = pointer.slice(0, pointer.lastIndexOf('/'))) {
    const field = document.getElementById(fieldId(pointer || '/'))
    if (field) {
      for (let fold = field.closest('details'); fold; fold = fold.parentElement?.closest('details') ?? null) fold.open = true
      field.scrollIntoView({ block: 'center' })
      field.querySelector<HTMLElement>('input, textarea, select, button, [tabindex]')?.focus({ preventScroll: true })
      return
    }
    if (!pointer.includes('/')) return
  }
}
