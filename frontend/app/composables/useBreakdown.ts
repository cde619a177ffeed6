import { tryOnScopeDispose } from '@vueuse/core'
import type { Breakdown } from '~/types'

/** One metric by the values of a dimension. A worker reads every unit for it: it is asked for when the question changes, or by hand. */
export function useBreakdown(id: () => string, dimension: () => string, metric: () => string | undefined) {
  const api = useApi()
  const data = shallowRef<Breakdown | null>(null)
  const error = shallowRef<ApiError | null>(null)
  const busy = ref(false)
  let running: AbortController | null = null
  async function refresh() {
    running?.abort()
    const mine = running = new AbortController()
    if (!dimension()) {
      data.value = null
      error.value = null
      busy.value = false
      return
    }
    busy.value = true
    try {
      const answer = await api.get('/api/v1/experiments/{id}/breakdown', { path: { id: id() }, query: { dimension: dimension(), ...(metric() ? { metric: metric() } : {}) }, signal: mine.signal })
      if (running !== mine) return
      data.value = answer
      error.value = null
    } catch (thrown) {
      if (running !== mine) return
      data.value = null
      error.value = asApiError(thrown)
    }
    busy.value = false
  }
  watch([id, dimension, metric], () => void refresh(), { immediate: true })
  tryOnScopeDispose(() => {
    running?.abort()
    running = null
  })
  return { data, error, busy, refresh }
}
