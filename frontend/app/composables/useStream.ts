import { tryOnScopeDispose, useDocumentVisibility } from '@vueuse/core'

export type LiveState = 'connecting' | 'live' | 'polling' | 'away' | 'ended'

export interface Stream<Frame, Answer> {
  /** The path below the API's base, and what is asked for; the stream begins anew when it changes. */
  at: () => { path: string, query?: Readonly<Record<string, string | undefined>> }
  /** ms without a frame until the stream counts as broken. */
  patience: number
  frame: (frame: Frame) => void
  /** What is asked instead while there is no stream. */
  ask: (signal: AbortSignal) => Promise<Answer>
  answer: (answer: Answer) => void
  /** What was shown is of another question: forget it. */
  forget: () => void
  /** Frames hold news only: what there was before is asked for at the beginning, and when a stream is there again. */
  news?: boolean
}

const EVERY = 2_000 // ms between two requests while there is no stream
const FOREVER: Record<number, ApiError['kind']> = { 4400: 'invalid', 4401: 'unauthorized', 4403: 'forbidden', 4404: 'not_found' } // close codes after which trying again cannot help

/**
 * A WebSocket of the API that comes back by itself, with growing pauses; where a proxy blocks it, or until it is back, the same is
 * asked for every two seconds. A hidden tab holds no stream.
 */
export function useStream<Frame, Answer>(stream: Stream<Frame, Answer>) {
  const error = shallowRef<ApiError | null>(null)
  const state = ref<LiveState>('connecting')
  const connection = useConnection()
  const session = useSession()
  const visible = useDocumentVisibility()
  let socket: WebSocket | null = null
  let watchdog: ReturnType<typeof setTimeout> | undefined
  let again: ReturnType<typeof setTimeout> | undefined
  let poll: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let turn = new AbortController() // of one question: what was asked before it is not listened to

  async function ask() {
    const mine = turn
    try {
      const answer = await stream.ask(mine.signal)
      if (mine.signal.aborted) return
      stream.answer(answer)
      error.value = null
      if (state.value !== 'live') state.value = 'polling'
    } catch (thrown) {
      if (mine.signal.aborted) return
      error.value = asApiError(thrown)
      if (state.value !== 'live') state.value = 'away'
    }
  }
  async function askAgain() {
    const mine = turn
    await ask()
    if (poll !== undefined && !mine.signal.aborted) poll = setTimeout(askAgain, EVERY)
  }

  function open() {
    close()
    if (turn.signal.aborted || state.value === 'ended') return
    const { path, query } = stream.at()
    const base = new URL(apiBase(), location.href)
    base.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:'
    base.pathname += path
    for (const [name, value] of Object.entries(query ?? {})) if (value) base.searchParams.set(name, value)
    if (session.token.value) base.searchParams.set('token', session.token.value)
    const mine = socket = new WebSocket(base)
    let first = true
    const wait = () => {
      clearTimeout(watchdog)
      watchdog = setTimeout(() => { if (socket === mine) broken(1006, '') }, stream.patience)
    }
    wait()
    mine.onmessage = (message) => {
      if (socket !== mine) return
      wait()
      clearTimeout(poll)
      poll = undefined
      if (first && stream.news) void ask() // what came before this frame
      first = false
      failures = 0
      state.value = 'live'
      error.value = null
      connection.found()
      stream.frame(JSON.parse(message.data as string) as Frame)
    }
    mine.onclose = (event) => { if (socket === mine) broken(event.code, event.reason) }
  }

  function broken(code: number, reason: string) {
    close()
    const kind = FOREVER[code]
    if (kind) {
      clearTimeout(poll)
      poll = undefined
      state.value = 'ended'
      if (kind === 'unauthorized') session.expire()
      error.value = new ApiError(kind, 'Not live', reason || 'The stream was refused', code - 4000)
      return
    }
    failures += 1
    if (state.value === 'live') state.value = 'connecting'
    again = setTimeout(open, Math.min(60_000, 1_000 * 2 ** failures) * (0.75 + Math.random() / 2))
    poll ??= setTimeout(askAgain, 0)
  }

  function close() {
    clearTimeout(watchdog)
    clearTimeout(again)
    const old = socket
    socket = null
    if (old?.readyState === WebSocket.CONNECTING) old.onopen = () => old.close() // closed earlier, browsers complain
    else old?.close()
  }
  function rest() {
    close()
    clearTimeout(poll)
    poll = undefined
  }
  function begin() {
    rest()
    turn.abort()
    turn = new AbortController()
    stream.forget()
    error.value = null
    failures = 0
    state.value = 'connecting'
    if (stream.news) void ask()
    open()
  }

  watch([() => JSON.stringify(stream.at()), session.token], begin)
  watch(visible, seen => (seen === 'visible' ? open() : rest()))
  tryOnScopeDispose(() => {
    turn.abort()
    rest()
  })
  begin()
  return { error, state, begin }
}
