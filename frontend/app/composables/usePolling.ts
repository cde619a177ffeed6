import { tryOnScopeDispose, useDocumentVisibility, useEventListener, useIntervalFn } from '@vueuse/core'

/**
 * What `fetch` answers, again and again: every `seconds` while the tab is seen, at once when it is seen again.
 * An error leaves the last data where it is; after errors the pauses double, up to a minute, and from two seconds on to half of
 * one while the server is away.
 * `enabled`: whether it goes on asking by itself; the first answer is asked for in any case.
 */
export function usePolling<T>(fetch: (signal: AbortSignal) => Promise<T>, { seconds = 15, enabled = true }: { seconds?: number, enabled?: MaybeRefOrGetter<boolean> } = {}) {
  const data = shallowRef<T | null>(null)
  const error = shallowRef<ApiError | null>(null)
  const busy = ref(false)
  const at = ref<number | null>(null)
  const left = ref(seconds)
  const visible = useDocumentVisibility()
  let failures = 0
  let running: AbortController | null = null

  async function refresh() {
    running?.abort()
    const mine = running = new AbortController()
    busy.value = true
    try {
      const answer = await fetch(mine.signal)
      if (running !== mine) return
      data.value = answer
      error.value = null
      at.value = Date.now()
      failures = 0
    } catch (thrown) {
      if (running !== mine) return
      error.value = asApiError(thrown)
      failures += 1
    }
    busy.value = false
    const away = error.value?.kind === 'offline'
    left.value = error.value?.retryAfter ?? (away ? Math.min(30, 2 ** Math.min(failures, 5)) : Math.min(60, seconds * 2 ** Math.min(failures, 5)))
  }

  useIntervalFn(() => {
    if (!toValue(enabled) || visible.value !== 'visible' || busy.value) return
    left.value -= 1
    if (left.value <= 0) void refresh()
  }, 1000)
  watch(visible, (seen) => {
    if (seen === 'visible' && toValue(enabled) && at.value !== null && Date.now() - at.value > seconds * 1000) void refresh()
  })
  useEventListener('online', () => { if (toValue(enabled)) void refresh() })
  const session = useSession()
  watch(session.token, () => void refresh())
  tryOnScopeDispose(() => {
    running?.abort()
    running = null
  })
  void refresh()
  return { data, error, busy, at, left, seconds, refresh, first: computed(() => busy.value && data.value === null) }
}
