import { useLocalStorage } from '@vueuse/core'

export interface SavedView { name: string, query: Record<string, string> }

/** Filters that this browser remembers under a name. What somebody else has put into the storage is not believed. */
export function useSavedViews() {
  const stored = useLocalStorage<unknown>('litmus-views', [], { serializer: { read: parsed, write: JSON.stringify } })
  const views = computed<SavedView[]>(() => (Array.isArray(stored.value) ? stored.value.filter(isView) : []))
  return {
    views,
    save: (view: SavedView) => { stored.value = [...views.value.filter(each => each.name !== view.name), view] },
    forget: (name: string) => { stored.value = views.value.filter(each => each.name !== name) }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return []
  }
}
function isView(view: unknown): view is SavedView {
  const { name, query } = (view ?? {}) as Partial<SavedView>
  return typeof name === 'string' && typeof query === 'object' && query !== null && Object.values(query).every(value => typeof value === 'string')
}
