import { watchDebounced } from '@vueuse/core'
import type { paths } from '~/types'
import type { ExperimentForm } from '~/types/form'

export type PowerAnswer = paths['/api/v1/power']['post']['responses'][200]['content']['application/json']

/** The size of what is being typed, asked for half a second after the last key; the last answer stays while the next is on its way. */
export function usePlan(form: Ref<ExperimentForm>) {
  const api = useApi()
  const answer = shallowRef<PowerAnswer | null>(null)
  const why = ref('')
  const busy = ref(false)
  let running: AbortController | null = null
  let asked = ''
  async function ask(again = false) {
    const question = powerQuestion(form.value)
    if ('why' in question) {
      running?.abort()
      busy.value = false
      asked = ''
      answer.value = null
      why.value = question.why
      return
    }
    const text = JSON.stringify(question.ask)
    if (text === asked && !again) return
    asked = text
    running?.abort()
    const mine = running = new AbortController()
    busy.value = true
    try {
      const got = await api.post('/api/v1/power', { body: question.ask, signal: mine.signal })
      if (running !== mine) return
      answer.value = got
      why.value = ''
    } catch (thrown) {
      if (running !== mine) return
      const error = asApiError(thrown)
      asked = ''
      answer.value = null
      why.value = error.errors[0]?.message ?? error.message
    }
    busy.value = false
  }
  watchDebounced(form, () => void ask(), { deep: true, debounce: 500, immediate: true })
  onScopeDispose(() => running?.abort())
  return { answer, why, busy, retry: () => ask(true) }
}
