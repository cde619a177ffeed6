const token = ref<string | null>(null)
const expired = ref(false)

/**
 * Who we are. A token that somebody types in is kept in memory only, so that no script can find it later;
 * where the server needs none (development), or knows us by a cookie, there is none.
 */
export function useSession() {
  return {
    token: readonly(token),
    /** The server did not know us: the layout asks for a token, and the page stays as it is. */
    expired: readonly(expired),
    expire: () => { expired.value = true },
    accepted: () => { expired.value = false },
    signIn: (given: string) => {
      token.value = given.trim() || null
      expired.value = false
    },
    signOut: () => { token.value = null }
  }
}
