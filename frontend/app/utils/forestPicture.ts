// The forest plot as one drawing, for a picture of it: the page shows it as a table, which no picture can hold.
import type { Effect } from '~/types'
import type { ForestGroup } from '~/types/chart'

const WIDTH = 1000
const LEFT = 230
const RIGHT = 330
const ROW = 34
const HEAD = 38

/** All rows of these groups, on a scale of the first metric, with their words beside them. It stands outside of what is seen. */
export function forestPicture(groups: readonly ForestGroup[], variants: readonly { key: string, name: string, is_control: boolean }[]): SVGSVGElement {
  const node = <K extends keyof SVGElementTagNameMap>(name: K, attributes: Record<string, string | number>, text?: string) => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', name)
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
    if (text !== undefined) made.textContent = text
    return made
  }
  const shown = groups.filter(g => g.effects.length)
  const height = shown.reduce((sum, g) => sum + HEAD + g.effects.length * ROW, 0) + 34
  const svg = node('svg', { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` })
  svg.style.cssText = `position: fixed; left: -${2 * WIDTH}px; top: 0`
  const first = shown.filter(g => g.metric.name === shown[0]!.metric.name).flatMap(g => g.effects)
  const ends = first.flatMap(e => [e.lift.lower, e.lift.upper, e.lift.estimate]).filter(v => v !== null)
  const far = Math.max(0.02, ...ends.map(Math.abs)) * 1.1
  const x = (v: number) => LEFT + (Math.max(-far, Math.min(far, v)) + far) / (2 * far) * (WIDTH - LEFT - RIGHT)
  const ink = (of: 'highlighted' | 'muted') => `fill: var(--ui-text-${of})`
  const words = (at: number, y: number, text: string, style: string) => svg.append(node('text', { x: at, y, style: `font: 13px "Inter Variable", sans-serif; ${style}` }, text))
  for (const v of [-far, -far / 2, 0, far / 2, far]) {
    svg.append(node('line', { x1: x(v), x2: x(v), y1: 8, y2: height - 26, style: `stroke: var(${v ? '--chart-grid' : '--chart-zero'}); stroke-width: 1` }))
    words(x(v), height - 8, pct(v * 0.999, far < 0.1 ? 1 : 0), `${ink('muted')}; text-anchor: middle; font-size: 11px`)
  }
  let y = 0
  for (const group of shown) {
    words(0, y + 26, short(group.title, 30), `${ink('highlighted')}; font-weight: 600`)
    words(LEFT, y + 26, short(group.note, 64), `${ink('muted')}; font-size: 11px`)
    y += HEAD
    for (const e of group.effects) {
      row(e, y + ROW / 2)
      y += ROW
    }
  }
  return svg

  function row(e: Effect, middle: number) {
    const color = verdictColor[effectState(e).verdict]
    svg.append(node('circle', { cx: 5, cy: middle, r: 4, style: `fill: ${variantColor(variants, e.variant_key)}` }))
    words(18, middle + 4, short(variants.find(v => v.key === e.variant_key)?.name ?? e.variant_key, 28), ink('highlighted'))
    if (e.lift.estimate !== null) {
      const [lo, hi] = [x(e.lift.lower ?? -far), x(e.lift.upper ?? far)]
      if (!intervalMissing(e.lift)) svg.append(node('rect', { x: lo, y: middle - 5, width: Math.max(1, hi - lo), height: 10, rx: 5, style: `fill: ${color}; fill-opacity: 0.25` }))
      svg.append(node('circle', { cx: x(e.lift.estimate), cy: middle, r: 5, style: `fill: ${color}` }))
    }
    words(WIDTH - RIGHT + 16, middle + 4, e.lift.estimate === null ? short(absence(e), 44) : liftText(e.lift), ink(e.lift.estimate === null ? 'muted' : 'highlighted'))
    words(WIDTH - 4, middle + 4, effectState(e).word, `fill: ${color}; text-anchor: end`)
  }
}
