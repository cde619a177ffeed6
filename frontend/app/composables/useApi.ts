import type { paths } from '~/types'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
type Json<T> = T extends { content: { 'application/json': infer B } } ? B : never
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>
type Answer<O> = O extends { responses: { 200: infer R } } ? Json<R> : never
type Sent<O> = O extends { requestBody?: infer B } ? Json<NonNullable<B>> : never
type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : never

/** Paths of the API that take this method. */
export type PathOf<M extends Method> = { [P in keyof paths]: paths[P][M] extends undefined ? never : P }[keyof paths]

export interface Options<O> {
  /** For each {name} in the path. */
  path?: Record<string, string>
  query?: Query<O>
  body?: Sent<O>
  /** The revision that the person has seen: the change is refused (`conflict`) when it is not the newest. */
  revision?: number
  signal?: AbortSignal
}

export type Failure = 'offline' | 'unauthorized' | 'forbidden' | 'not_found' | 'conflict' | 'invalid' | 'busy' | 'aborted' | 'internal'

/** What went wrong, for people: `title` and `message` are the server's own sentences where it answered. */
export class ApiError extends Error {
  constructor(
    readonly kind: Failure,
    readonly title: string,
    message: string,
    readonly status = 0,
    /** Everything that is wrong with the input: RFC 6901 pointer into the body, and a sentence. */
    readonly errors: readonly { pointer: string, message: string }[] = [],
    readonly requestId: string | null = null,
    /** Seconds until it is worth another try. */
    readonly retryAfter: number | null = null
  ) {
    super(message)
    this.name = 'ApiError'
  }

  /** All that is wrong with the input in one line, else the server's sentence. */
  get told(): string {
    return this.errors.map(each => `${each.pointer} ${each.message}`).join('; ') || this.message
  }
}

const KINDS: Record<number, Failure> = { 400: 'invalid', 401: 'unauthorized', 403: 'forbidden', 404: 'not_found', 405: 'invalid', 409: 'conflict', 413: 'invalid', 415: 'invalid', 429: 'busy', 502: 'offline', 503: 'offline', 504: 'offline' }

/** The one way to the server: typed by its OpenAPI document, errors as `ApiError`, reachability told to `useConnection`. */
export function useApi() {
  const session = useSession()
  const connection = useConnection()
  const clock = useServerClock()

  async function send(method: Method, path: string, options: Options<unknown> = {}): Promise<unknown> {
    const headers: Record<string, string> = { Accept: 'application/json' }
    if (session.token.value) headers.Authorization = `Bearer ${session.token.value}`
    if (options.body !== undefined) headers['Content-Type'] = 'application/json'
    if (options.revision !== undefined) headers['If-Match'] = `"${options.revision}"`
    let answer: Response
    try {
      answer = await fetch(address(path, options.path, options.query as Record<string, unknown> | undefined), {
        method: method.toUpperCase(), headers, signal: options.signal,
        body: options.body === undefined ? undefined : JSON.stringify(options.body)
      })
    } catch {
      if (options.signal?.aborted) throw new ApiError('aborted', 'Cancelled', 'The request was cancelled')
      connection.lost()
      throw new ApiError('offline', 'No connection', 'The server cannot be reached', 0, [], null, null)
    }
    clock.heard(answer.headers.get('date'))
    if (answer.ok) {
      connection.found()
      session.accepted()
      return answer.status === 204 ? undefined : await body(answer)
    }
    const error = await problem(answer)
    if (error.kind === 'offline') connection.lost(error.message)
    else connection.found()
    if (error.kind === 'unauthorized') session.expire()
    throw error
  }

  const call = <M extends Method>(method: M) =>
    <P extends PathOf<M>>(path: P, options?: Options<Operation<P, M>>) =>
      send(method, path, options as Options<unknown>) as Promise<Answer<Operation<P, M>>>

  return { get: call('get'), post: call('post'), put: call('put'), patch: call('patch'), delete: call('delete') }
}

/** The URL of a path of the API. Base and path both begin with /api/v1, once. */
export function address(path: string, names: Record<string, string> = {}, query: Record<string, unknown> = {}) {
  const named = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(names[name] ?? ''))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null && each !== '') search.append(name, String(each))
    }
  }
  const text = search.toString()
  return `${apiBase()}${named.replace(/^\/api\/v1/, '')}${text ? `?${text}` : ''}`
}

/** Where the API is: what the server that gave us this page wrote into it, else this page's own origin. */
export function apiBase() {
  const given = document.querySelector<HTMLMetaElement>('meta[name="litmus-api-base"]')?.content
  return (given || '/api/v1').replace(/\/+$/, '')
}

async function body(answer: Response): Promise<unknown> {
  if (answer.headers.get('content-type')?.includes('yaml')) return await answer.text()
  try {
    return await answer.json()
  } catch {
    throw new ApiError('internal', 'Unreadable answer', 'The server answered something that is not JSON', answer.status)
  }
}

async function problem(answer: Response): Promise<ApiError> {
  const told = await answer.json().catch(() => null) as Partial<Record<string, unknown>> | null
  const wait = Number(answer.headers.get('retry-after'))
  const text = (name: string) => (typeof told?.[name] === 'string' ? told[name] : null)
  return new ApiError(
    KINDS[answer.status] ?? 'internal',
    text('title') ?? text('error') ?? `Status ${answer.status}`,
    text('detail') ?? text('message') ?? 'The server gave no reason',
    answer.status,
    Array.isArray(told?.errors) ? told.errors as { pointer: string, message: string }[] : [],
    text('request_id') ?? answer.headers.get('x-request-id'),
    Number.isFinite(wait) && wait > 0 ? wait : null
  )
}

/** Any error as one that can be shown. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  return new ApiError('internal', 'Something went wrong', error instanceof Error ? error.message : String(error))
}
