import { createSharedComposable, useLocalStorage } from '@vueuse/core'

/** The sidebar: `narrow` on wide screens, which this browser remembers; over the page while `open`, where there is no room beside it. */
export const useSidebar = createSharedComposable(() => ({ narrow: useLocalStorage('litmus-sidebar-narrow', false), open: ref(false) }))
