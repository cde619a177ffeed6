// The project's glossary, docs/glossary.md, taken in when the dashboard is built.
const files = import.meta.glob<string>('../../../docs/glossary.md', { query: '?raw', import: 'default', eager: true })

export interface Entry { words: string, means: string, not: string }
const plain = (markdown: string) => markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').replace(/[*`]/g, '').trim()

/** By each word of an entry, in lower case. */
export function readGlossary(markdown: string): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const line of markdown.split('\n')) {
    const row = /^\| \*\*(.+?)\*\*(.*?) \| (.*) \| ?(.*?) ?\|$/.exec(line)
    if (!row) continue
    const entry = { words: plain(row[1]!), means: plain(row[3]!), not: plain(row[4]!) }
    for (const word of entry.words.split(', ')) entries.set(word.toLowerCase(), entry)
  }
  return entries
}
export const glossary = readGlossary(Object.values(files)[0] ?? '')
