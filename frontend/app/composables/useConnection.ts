const reason = ref<string | null>(null)
const since = ref<number | null>(null)

/** Whether the server answers. `useApi` and `useLive` tell it, the layout shows it, nobody has to ask. */
export function useConnection() {
  return {
    away: computed(() => since.value !== null),
    since: readonly(since),
    reason: readonly(reason),
    lost: (why = 'The server cannot be reached') => {
      since.value ??= Date.now()
      reason.value = why
    },
    found: () => {
      since.value = null
      reason.value = null
    }
  }
}
