import type { ChartTable } from '~/types/chart'

/** Files that the browser makes itself: nothing is sent anywhere. */
export function useDownload() {
  function save(name: string, content: Blob | string, type = 'text/plain') {
    const url = URL.createObjectURL(typeof content === 'string' ? new Blob([content], { type: `${type};charset=utf-8` }) : content)
    const link = document.createElement('a')
    link.href = url
    link.download = name
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 10_000)
  }
  return {
    json: (name: string, document: unknown) => save(`${name}.json`, `${JSON.stringify(document, null, 2)}\n`, 'application/json'),
    yaml: (name: string, document: string) => save(`${name}.yaml`, document, 'application/yaml'),
    csv: (name: string, table: ChartTable) => save(`${name}.csv`, csv(table), 'text/csv'),
    png: async (name: string, svg: SVGSVGElement, title: string) => save(`${name}.png`, await png(svg, title))
  }
}

/** RFC 4180; a text that a spreadsheet would run as a formula is made one that it shows. */
export function csv({ columns, rows }: ChartTable) {
  const cell = (value: string | number | null) => {
    if (value === null) return ''
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : ''
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
    return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe
  }
  return [columns, ...rows].map(row => row.map(cell).join(',')).join('\r\n') + '\r\n'
}

const STYLES = ['fill', 'fill-opacity', 'stroke', 'stroke-opacity', 'stroke-width', 'stroke-dasharray', 'stroke-linecap', 'stroke-linejoin', 'opacity', 'stop-color', 'stop-opacity', 'font-family', 'font-size', 'font-weight', 'font-variant-numeric', 'text-anchor']
const SPACE = { side: 20, top: 52, bottom: 16 }

/** The chart as it is on the screen, with its title and its fonts in it, at twice its size. */
async function png(svg: SVGSVGElement, title: string): Promise<Blob> {
  const { width, height } = svg.getBoundingClientRect()
  const copy = svg.cloneNode(true) as SVGSVGElement
  const from = [svg, ...svg.querySelectorAll<SVGElement>('*')]
  const to = [copy, ...copy.querySelectorAll<SVGElement>('*')]
  from.forEach((element, k) => {
    const seen = getComputedStyle(element)
    for (const name of STYLES) to[k]!.style.setProperty(name, seen.getPropertyValue(name))
  })
  const page = getComputedStyle(document.documentElement)
  const [w, h] = [width + 2 * SPACE.side, height + SPACE.top + SPACE.bottom]
  const outer = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  outer.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  outer.setAttribute('width', String(w))
  outer.setAttribute('height', String(h))
  const style = document.createElementNS(outer.namespaceURI!, 'style')
  style.textContent = await fonts()
  const ground = document.createElementNS(outer.namespaceURI!, 'rect')
  ground.setAttribute('width', '100%')
  ground.setAttribute('height', '100%')
  ground.setAttribute('fill', page.getPropertyValue('--chart-surface').trim() || '#fff')
  const head = document.createElementNS(outer.namespaceURI!, 'text')
  head.setAttribute('x', String(SPACE.side))
  head.setAttribute('y', '32')
  head.setAttribute('style', `font: 600 15px ${getComputedStyle(document.body).fontFamily}; fill: ${page.getPropertyValue('--ui-text-highlighted').trim() || '#18181b'}`)
  head.textContent = title
  copy.setAttribute('x', String(SPACE.side))
  copy.setAttribute('y', String(SPACE.top))
  copy.setAttribute('width', String(width))
  copy.setAttribute('height', String(height))
  outer.append(style, ground, head, copy)
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(outer))}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(2 * w)
  canvas.height = Math.round(2 * h)
  const context = canvas.getContext('2d')!
  context.scale(2, 2)
  context.drawImage(image, 0, 0, w, h)
  return await new Promise((resolve, reject) => canvas.toBlob(blob => (blob ? resolve(blob) : reject(new Error('The browser could not make the picture'))), 'image/png'))
}

let known: Promise<string> | null = null
/** The page's own font faces with their files inside: a picture loads nothing. */
function fonts() {
  return known ??= (async () => {
    const rules = [...document.styleSheets].flatMap((sheet) => {
      try {
        return [...sheet.cssRules]
      } catch {
        return []
      }
    }).filter((rule): rule is CSSFontFaceRule => rule instanceof CSSFontFaceRule && rule.cssText.includes('Inter'))
    const faces = await Promise.all(rules.map(async (rule) => {
      const url = /url\("?([^")]+)"?\)/.exec(rule.cssText)?.[1]
      if (!url) return ''
      const file = await (await fetch(new URL(url, rule.parentStyleSheet?.href ?? location.href))).blob()
      const data = await new Promise<string>((resolve) => {
        const reader = new FileReader()
        reader.onload = () => resolve(reader.result as string)
        reader.readAsDataURL(file)
      })
      return `@font-face{font-family:"Inter Variable";font-weight:100 900;src:url(${data})}`
    }))
    return faces.join('')
  })().catch(() => '')
}
