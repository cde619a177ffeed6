import type { SeenEvent } from '~/types'

const MOST = 500 // events kept; older ones fall off the end

export interface TailFilters { outcome?: 'accepted' | 'rejected', type?: 'exposure' | 'metric' | 'conversion', metric?: string, variant?: string }
interface Frame { at: string, skipped: number, events: SeenEvent[] }

/**
 * Events of an experiment, newest first: what there was, and what arrives over the WebSocket or, where that is blocked, by asking.
 * While `held`, what arrives is counted and waits.
 */
export function useTail(id: MaybeRefOrGetter<string>, filters: MaybeRefOrGetter<TailFilters>) {
  const api = useApi()
  const events = shallowRef<SeenEvent[]>([])
  const waiting = shallowRef<SeenEvent[]>([])
  const skipped = ref(0)
  const held = ref(false)
  const asked = ref(false)

  const key = (event: SeenEvent) => `${event.outcome}${event.event_id}${event.received_at}`
  function take(news: SeenEvent[]) {
    const known = new Set([...events.value, ...waiting.value].map(key))
    const fresh = news.filter(event => !known.has(key(event)))
    if (!fresh.length) return
    const into = held.value ? waiting : events
    into.value = [...fresh, ...into.value].sort((a, b) => Date.parse(b.received_at) - Date.parse(a.received_at)).slice(0, MOST)
  }
  watch(held, (now) => {
    if (now) return
    const kept = waiting.value
    waiting.value = []
    take(kept)
  })

  const { error, state, begin } = useStream<Frame, SeenEvent[]>({
    at: () => ({ path: `/ws/experiments/${encodeURIComponent(toValue(id))}/events`, query: { ...toValue(filters) } }),
    patience: 25_000, // an empty frame comes every 15 s
    news: true,
    frame: (frame) => {
      skipped.value += frame.skipped
      take(frame.events)
    },
    ask: async signal => (await api.get('/api/v1/experiments/{id}/events', { path: { id: toValue(id) }, query: { ...toValue(filters), limit: 100 }, signal })).events,
    answer: (seen) => {
      asked.value = true
      take(seen)
    },
    forget: () => {
      asked.value = false
      skipped.value = 0
      events.value = []
      waiting.value = []
    }
  })
  const loading = computed(() => !asked.value && !events.value.length && error.value === null)
  return { events, waiting, skipped, held, loading, error, state, retry: begin }
}
