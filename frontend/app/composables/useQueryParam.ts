/** What is about to be written into the address, together: two choices of one click are one step. */
const pending = new Map<string, string | undefined>()

/** A choice that is part of the page's address, so that a link shows the same; the default is left out of it. */
export function useQueryParam<T extends string>(name: string, fallback: T, allowed?: MaybeRefOrGetter<readonly T[]>) {
  const route = useRoute()
  const router = useRouter()
  function write() {
    const { query, hash } = router.currentRoute.value
    const next = { ...query, ...Object.fromEntries(pending) }
    pending.clear()
    void router.replace({ query: Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)), hash })
  }
  return computed<T>({
    get: () => {
      const given = route.query[name]
      const text = (Array.isArray(given) ? given[0] : given) as T | null | undefined
      if (text === null || text === undefined) return fallback
      return allowed && !toValue(allowed).includes(text) ? fallback : text
    },
    set: (value) => {
      if (!pending.size) queueMicrotask(write)
      pending.set(name, value === fallback ? undefined : value)
    }
  })
}
