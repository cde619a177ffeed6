import type { Meta } from '~/types'

const meta = shallowRef<Meta | null>(null)
let asked = false

/** What this deployment is; asked for once, and again after a sign-in. */
export function useMeta() {
  const api = useApi()
  const ask = () => void api.get('/api/v1/meta').then((answer) => { meta.value = answer }).catch(() => { asked = false })
  if (!asked) {
    asked = true
    ask()
  }
  watch(useSession().token, ask)
  return { meta: readonly(meta) }
}
