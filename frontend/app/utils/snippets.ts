// Code for the people who wire an experiment up, ready to paste. Everything that somebody typed goes through a literal.

/** A literal of Python. */
export function python(value: unknown): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`
  if (typeof value === 'object') return `{${Object.entries(value).map(([name, each]) => `${python(name)}: ${python(each)}`).join(', ')}}`
  return JSON.stringify(value)
}
/** One word of a POSIX shell, whatever is in it. */
export const shell = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`

export interface Wired { base: string, key: string, metric: { name: string, kind: string } | null, attributes: Record<string, unknown>, token: boolean, measured: boolean }

export function pythonSnippet({ base, key, metric, attributes, token, measured }: Wired): string {
  const given = Object.keys(attributes).length ? `, attributes=${python(attributes)}` : ''
  return [
    ...(token ? ['import os', ''] : []), 'from litmus import ExperimentClient', '',
    `with ExperimentClient(${python(base)}${token ? ', os.environ["LITMUS_TOKEN"]' : ''}) as client:`,
    `    assignment = client.get_variant(${python(key)}, "user-1"${given})`,
    '    print(assignment.variant_key, assignment.config)',
    ...(measured ? ['    # where the variants differ:', `    client.log_exposure(${python(key)}, "user-1", assignment.variant_key)`] : []),
    ...(measured && metric ? ['    # when it happens:', `    client.log_metric(${python(key)}, "user-1", assignment.variant_key, ${python(metric.name)}, 1)`] : []), ''
  ].join('\n')
}

export function curlSnippet({ base, key, metric, attributes, token, measured }: Wired): string {
  const headers = ` -H 'Content-Type: application/json'${token ? ' -H "Authorization: Bearer $LITMUS_TOKEN"' : ''}`
  const unit = { unit_id: 'user-1', ...(Object.keys(attributes).length ? { attributes } : {}) }
  const event = (rest: object) => ({ event_id: 'ID', ...rest, experiment_id: key, unit_id: 'user-1' })
  const send = (body: object) => shell(JSON.stringify(body)).replace('"ID"', `"'"$(date +%s%N)"'"`)
  return [
    `curl -s -X POST ${shell(`${base}/api/v1/experiments/${encodeURIComponent(key)}/assign`)}${headers} \\`, `  -d ${shell(JSON.stringify(unit))}`,
    ...(measured ? ['', '# where the variants differ:', `curl -s -X POST ${shell(`${base}/api/v1/events`)}${headers} \\`, `  -d ${send(event({ type: 'exposure' }))}`] : []),
    ...(measured && metric ? ['', '# when it happens:', `curl -s -X POST ${shell(`${base}/api/v1/events`)}${headers} \\`, `  -d ${send(event({ type: 'metric', metric_name: metric.name, value: 1 }))}`] : []), ''
  ].join('\n')
}

/** Attributes that a condition asks about, each with a value that it was tested against, for an example. */
export function asked(condition: unknown): Record<string, unknown> {
  if (typeof condition !== 'object' || condition === null) return {}
  const c = condition as Record<string, unknown>
  const parts = [...(Array.isArray(c.all) ? c.all : []), ...(Array.isArray(c.any) ? c.any : []), ...(c.not ? [c.not] : [])]
  const own = typeof c.attribute === 'string' && c.attribute ? { [c.attribute]: Array.isArray(c.value) ? c.value[0] ?? '' : c.value ?? '' } : {}
  return Object.assign(own, ...parts.map(asked)) as Record<string, unknown>
}
