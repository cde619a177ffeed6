// app/types/api.ts from the server's own OpenAPI document: `npm run types`, after any change of the API.
// The first line holds the document's SHA-256, by which a test sees that the file is of another document.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import openapiTS, { astToString } from 'openapi-typescript'

const at = path => fileURLToPath(new URL(path, import.meta.url))
const own = at('../../.venv/bin/litmus')
const document = execFileSync(process.env.LITMUS_BIN ?? (existsSync(own) ? own : 'litmus'), ['openapi'], { encoding: 'utf8', maxBuffer: 1 << 26 }).trim()
const types = astToString(await openapiTS(complete(JSON.parse(document)), { defaultNonNullable: false }))
const hash = createHash('sha256').update(document).digest('hex')
writeFileSync(at('../app/types/api.ts'), `// Made by \`npm run types\` from the OpenAPI document ${hash}. Do not edit.\n\n${types}`)

/** What the server answers has all its fields; only what is sent to it may leave those with a default out. */
function complete(api) {
  const sent = new Set()
  const visit = (node) => {
    if (node === null || typeof node !== 'object') return
    const name = typeof node.$ref === 'string' ? node.$ref.split('/').pop() : null
    if (name !== null && !sent.has(name)) {
      sent.add(name)
      visit(api.components.schemas[name])
    }
    Object.values(node).forEach(visit)
  }
  for (const path of Object.values(api.paths)) for (const operation of Object.values(path)) visit(operation.requestBody)
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    if (name !== 'Problem' && !sent.has(name) && schema.properties) schema.required = Object.keys(schema.properties)
  }
  return api
}
