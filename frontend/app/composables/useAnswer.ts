import { tryOnScopeDispose } from '@vueuse/core'

/** An answer that a worker takes a while for, asked for by `ask`: the newest question wins, and nobody waits any more after the page. */
export function useAnswer<T>(question: (signal: AbortSignal) => Promise<T>) {
  const data = shallowRef<T | null>(null)
  const error = shallowRef<ApiError | null>(null)
  const busy = ref(false)
  let running: AbortController | null = null
  async function ask() {
    running?.abort()
    const mine = running = new AbortController()
    busy.value = true
    error.value = null
    try {
      const answer = await question(mine.signal)
      if (running !== mine) return
      data.value = answer
    } catch (thrown) {
      if (running !== mine) return
      data.value = null
      error.value = asApiError(thrown)
    }
    busy.value = false
  }
  tryOnScopeDispose(() => {
    running?.abort()
    running = null
  })
  return { data, error, busy, ask }
}
