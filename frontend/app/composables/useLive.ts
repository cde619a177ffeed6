import type { Report } from '~/types'

/** The report of an experiment, as it is computed: over the WebSocket, or by asking where that is blocked. */
export function useLive(id: MaybeRefOrGetter<string>) {
  const report = shallowRef<Report | null>(null)
  const api = useApi()
  const take = (document: Report) => { report.value = document }
  const { error, state } = useStream<Report, Report>({
    at: () => ({ path: `/ws/experiments/${encodeURIComponent(toValue(id))}/live` }),
    patience: 10_000, // a document comes every 2 s
    frame: take,
    ask: signal => api.get('/api/v1/experiments/{id}/report', { path: { id: toValue(id) }, signal }),
    answer: take,
    forget: () => { report.value = null }
  })
  return { report, error, state }
}
