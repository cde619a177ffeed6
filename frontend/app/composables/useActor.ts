import { useLocalStorage } from '@vueuse/core'

/** The name under which this browser's changes stand in the history; the server notes it beside what the token proves. */
export const useActor = () => useLocalStorage('litmus-actor', '')
