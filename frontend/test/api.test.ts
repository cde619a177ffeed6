import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError, address, useApi } from '~/composables/useApi'
import { useConnection } from '~/composables/useConnection'
import { useSession } from '~/composables/useSession'

const answers = (body: unknown, init: ResponseInit = {}) => vi.stubGlobal('fetch', vi.fn(async () => new Response(JSON.stringify(body), init)))
const thrown = async (work: Promise<unknown>) => work.then(() => null, error => error as ApiError)

beforeEach(() => {
  useConnection().found()
  useSession().accepted()
})
afterEach(() => {
  vi.unstubAllGlobals()
  document.head.innerHTML = ''
})

describe('an address', () => {
  it('is below the base that the page was given', () => {
    expect(address('/api/v1/experiments/{id}', { id: 'a b/c' })).toBe('/api/v1/experiments/a%20b%2Fc')
    document.head.innerHTML = '<meta name="litmus-api-base" content="https://api.example/api/v1/">'
    expect(address('/api/v1/meta')).toBe('https://api.example/api/v1/meta')
  })
  it('repeats what is a list and leaves out what is nothing', () => {
    expect(address('/api/v1/experiments', {}, { status: ['draft', 'running'], q: '', cursor: undefined, limit: 5 })).toBe('/api/v1/experiments?status=draft&status=running&limit=5')
  })
})

describe('an answer', () => {
  it('is a document, or the text of one that is written for people', async () => {
    answers({ id: 'x' })
    expect(await useApi().get('/api/v1/experiments/{id}/definition', { path: { id: 'x' }, query: {} })).toEqual({ id: 'x' })
    vi.stubGlobal('fetch', vi.fn(async () => new Response('name: x\n', { headers: { 'content-type': 'application/yaml' } })))
    expect(await useApi().get('/api/v1/experiments/{id}/definition', { path: { id: 'x' }, query: { format: 'yaml' } })).toBe('name: x\n')
  })
})

describe('an error', () => {
  it('keeps what the server said of it', async () => {
    answers({ title: 'Validation error', detail: 'name is required', request_id: 'r1', errors: [{ pointer: '/name', message: 'is required' }] }, { status: 400 })
    const error = await thrown(useApi().post('/api/v1/experiments', { body: {} as never }))
    expect(error).toMatchObject({ kind: 'invalid', title: 'Validation error', message: 'name is required', requestId: 'r1', errors: [{ pointer: '/name', message: 'is required' }] })
    expect(useConnection().away.value).toBe(false)
  })
  it('of the network says that the server is away, until it answers', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => { throw new TypeError('Failed to fetch') }))
    expect((await thrown(useApi().get('/api/v1/meta')))?.kind).toBe('offline')
    expect(useConnection().away.value).toBe(true)
    answers({})
    await useApi().get('/api/v1/meta')
    expect(useConnection().away.value).toBe(false)
  })
  it('of a page that a proxy made is readable too', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => new Response('<html>', { status: 502, headers: { 'retry-after': '3' } })))
    expect(await thrown(useApi().get('/api/v1/meta'))).toMatchObject({ kind: 'offline', status: 502, retryAfter: 3 })
  })
  it('of an unknown caller asks for a token, which the next request brings', async () => {
    answers({ title: 'Unauthorized', detail: 'A token is needed' }, { status: 401 })
    await thrown(useApi().get('/api/v1/meta'))
    expect(useSession().expired.value).toBe(true)
    useSession().signIn(' secret ')
    answers({})
    await useApi().get('/api/v1/meta')
    const [, sent] = vi.mocked(fetch).mock.calls[0]!
    expect((sent!.headers as Record<string, string>).Authorization).toBe('Bearer secret')
    useSession().signOut()
  })
})
