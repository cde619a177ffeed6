/** What was taken out of a list last, and the way back; a later removal takes its place. */
export function useUndo() {
  const gone = shallowRef<{ what: string, back: () => void } | null>(null)
  return {
    gone: readonly(gone),
    /** `back` puts it where it was. */
    removed: (what: string, back: () => void) => { gone.value = { what, back } },
    undo: () => {
      gone.value?.back()
      gone.value = null
    },
    forget: () => { gone.value = null }
  }
}
