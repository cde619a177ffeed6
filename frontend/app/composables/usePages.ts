/**
 * A list, newest first: its first page stays fresh (see `usePolling`), older pages are added on request.
 * `ask` answers the page of a cursor, the first one without; `of`: what is listed; the list begins anew when it changes.
 */
export function usePages<Page extends { next_cursor: string | null }, Item>(
  ask: (cursor: string | null, signal?: AbortSignal) => Promise<Page>,
  { items, key, of = () => null, seconds }: { items: (page: Page) => readonly Item[], key: (item: Item) => string | number, of?: () => unknown, seconds: number }
) {
  const { data, error, first, refresh } = usePolling(signal => ask(null, signal), { seconds })
  const older = shallowRef<Item[]>([])
  const cursor = ref<string | null>() // after the last older page; undefined while there is none
  const next = computed(() => (cursor.value === undefined ? data.value?.next_cursor ?? null : cursor.value))
  const busy = ref(false)
  let turn = 0
  let wait: ReturnType<typeof setTimeout> | undefined
  watch(() => JSON.stringify(of()), () => {
    turn += 1
    older.value = []
    cursor.value = undefined
    clearTimeout(wait)
    wait = setTimeout(() => void refresh(), 250) // somebody may be typing
  })
  onScopeDispose(() => clearTimeout(wait))
  const all = computed(() => {
    const fresh = data.value ? items(data.value) : []
    const known = new Set(fresh.map(key))
    return [...fresh, ...older.value.filter(each => !known.has(key(each)))]
  })
  async function more() {
    const mine = turn
    busy.value = true
    try {
      const page = await ask(next.value)
      if (mine === turn) {
        older.value = [...older.value, ...items(page)]
        cursor.value = page.next_cursor
      }
    } catch (thrown) {
      if (mine === turn) error.value = asApiError(thrown)
    }
    busy.value = false
  }
  return { data, error, first, refresh, items: all, next, more, busy }
}
