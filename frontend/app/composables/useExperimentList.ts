import type { Experiment, Summary } from '~/types'

const MOST = 1000 // experiments that a list holds
const PAGE = 200

/** All experiments that there are, or those in the archive, with what is known of their results; fresh every 15 s. */
export function useExperimentList(archived: Ref<boolean>) {
  const api = useApi()
  const list = usePolling(async (signal) => {
    const experiments: Experiment[] = []
    const summaries: Record<string, Summary> = {}
    let cursor: string | undefined
    let total = 0
    do {
      const page = await api.get('/api/v1/experiments', {
        query: { status: ['all'], archived: archived.value, include: 'summary', limit: PAGE, cursor }, signal
      })
      experiments.push(...page.experiments)
      Object.assign(summaries, page.summaries)
      total = page.total
      cursor = page.next_cursor ?? undefined
    } while (cursor && experiments.length < MOST)
    return { experiments, summaries, total, archived: archived.value }
  }, { seconds: 15 })
  watch(archived, list.refresh)
  return list
}
