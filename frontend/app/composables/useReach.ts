import { watchDebounced } from '@vueuse/core'
import type { paths } from '~/types'
import type { Condition } from '~/types/form'

export type Reach = paths['/api/v1/targeting/count']['post']['responses'][200]['content']['application/json']

/** How many of the last day's units a condition means, asked half a second after the last change; the last answer stays meanwhile. */
export function useReach(condition: Ref<Condition | null>, unitType: () => string | undefined) {
  const api = useApi()
  const answer = shallowRef<Reach | null>(null)
  const why = ref('')
  let running: AbortController | null = null
  let asked = ''
  async function ask() {
    const audience = trimmed(condition.value)
    const unit_type = unitType()?.trim()
    const question = audience && { audience, ...(unit_type ? { unit_type } : {}) }
    const text = JSON.stringify(question)
    if (text === asked) return
    asked = text
    running?.abort()
    const mine = running = new AbortController()
    if (!question) {
      answer.value = null
      why.value = ''
      return
    }
    try {
      const got = await api.post('/api/v1/targeting/count', { body: question, signal: mine.signal })
      if (running !== mine) return
      answer.value = got
      why.value = ''
    } catch (thrown) {
      if (running !== mine) return
      const error = asApiError(thrown)
      asked = ''
      answer.value = null
      why.value = error.kind === 'invalid' ? 'Counted as soon as the condition is complete.' : `Not counted: ${error.message}.`
    }
  }
  watchDebounced([condition, unitType], () => void ask(), { deep: true, debounce: 500, immediate: true })
  onScopeDispose(() => running?.abort())
  return { answer, why }
}
