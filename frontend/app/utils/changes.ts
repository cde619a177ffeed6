/** One field that differs; `path` in words from the outside in. */
export interface Change { path: string, before: string | null, after: string | null }

const plainObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v)
const text = (v: unknown) => (v === undefined ? null : typeof v === 'string' ? v === '' ? '(empty)' : v : JSON.stringify(v))

/** What differs between two documents that hold only what differs; nested fields one by one. */
export function changes(before: unknown, after: unknown, path = ''): Change[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  if (plainObject(before) || plainObject(after)) {
    const [was, is] = [plainObject(before) ? before : {}, plainObject(after) ? after : {}]
    const names = [...new Set([...Object.keys(was), ...Object.keys(is)])]
    const below = names.flatMap(name => changes(was[name], is[name], path ? `${path}.${name}` : name))
    return below.length || names.length ? below : [{ path, before: text(before), after: text(after) }]
  }
  return [{ path, before: text(before), after: text(after) }]
}
