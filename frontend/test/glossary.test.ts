import { expect, it } from 'vitest'
import { glossary } from '~/utils/glossary'

it('every word that a page offers to explain is in the glossary, as plain text', () => {
  const pages = import.meta.glob<string>('../app/**/*.vue', { query: '?raw', import: 'default', eager: true })
  const words = Object.values(pages).flatMap(text => [...text.matchAll(/<Term word="([^"]+)"|(?<![:\w])term="([^"]+)"/g)].map(found => found[1] ?? found[2]!))
  expect(words.length).toBeGreaterThan(5)
  expect(words.filter(word => !glossary.has(word))).toEqual([])
  for (const entry of glossary.values()) expect(entry.means).not.toMatch(/[*`|]/)
})
