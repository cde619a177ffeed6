import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const css = readFileSync(join(import.meta.dirname, '../app/assets/css/main.css'), 'utf8')

/** The colours that a block of the style sheet names, as six digits. */
function colours(selector: string) {
  const block = css.split(`\n${selector} {`)[1]!.split('\n}')[0]!
  return Object.fromEntries([...block.matchAll(/(--[\w-]+): #([0-9a-f]{3,6});/g)].map(([, name, hex]) =>
    [name!, hex!.length === 3 ? [...hex!].map(c => c + c).join('') : hex!]))
}

/** Relative luminance and contrast: WCAG 2.2, "relative luminance" and "contrast ratio". */
function luminance(hex: string) {
  const [r, g, b] = [0, 2, 4].map(k => parseInt(hex.slice(k, k + 2), 16) / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}
function contrast(one: string, other: string) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light! + 0.05) / (dark! + 0.05)
}

const inks = ['--ui-text-muted', '--ui-text-dimmed', '--pos', '--neg', '--warn']
const grounds = ['--ui-bg', '--ui-bg-muted', '--ui-bg-elevated', '--app-canvas']

describe.each([':root', '.dark'])('in %s', (theme) => {
  const of = colours(theme)
  it.each(inks.flatMap(ink => grounds.map(ground => [ink, ground])))('%s can be read on %s', (ink, ground) => {
    expect(contrast(of[ink!]!, of[ground!]!)).toBeGreaterThanOrEqual(4.5)
  })
})
