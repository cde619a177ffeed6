import { StorageSerializers, useSessionStorage } from '@vueuse/core'

/** What somebody is typing: it survives a reload and a lost connection, until it is sent or thrown away. This tab only. */
export function useDraft<T extends object>(name: string, initial: () => T) {
  const full = ref(false)
  const kept = useSessionStorage<T | null>(`litmus-draft-${name}`, null, { serializer: StorageSerializers.object, onError: () => { full.value = true } })
  const restored = ref(kept.value !== null)
  const form = ref(kept.value === null ? initial() : { ...initial(), ...kept.value }) as Ref<T>
  let done = false
  watch(form, (now) => { if (!done) kept.value = toRaw(now) }, { deep: true })
  return {
    form,
    /** What is on the page was typed before this page was loaded. */
    restored,
    /** The browser's storage has no room for it: it lives as long as the page. */
    full,
    discard: () => {
      kept.value = null
      form.value = initial()
      restored.value = false
      void nextTick(() => { kept.value = null })
    },
    /** It was sent: nothing is kept any more. */
    finish: () => {
      done = true
      kept.value = null
    }
  }
}
