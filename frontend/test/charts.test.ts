import { mount } from '@vue/test-utils'
import { h, nextTick } from 'vue'
import { afterEach, describe, expect, it, vi } from 'vitest'
import BandLine from '~/components/charts/BandLine.vue'
import ChartKey from '~/components/charts/ChartKey.vue'
import ChartTooltip from '~/components/charts/ChartTooltip.vue'
import ForestPlot from '~/components/charts/ForestPlot.vue'
import MiniInterval from '~/components/charts/MiniInterval.vue'
import PosteriorRidge from '~/components/charts/PosteriorRidge.vue'
import ShareArea from '~/components/charts/ShareArea.vue'
import { spread } from '~/composables/useChart'
import type { Density, Series } from '~/types/chart'
import { betaCurve } from '~/utils/distributions'
import { forestGroups } from '~/utils/effect'
import { effect, estimate, laidOut, metric } from './reports'

const DAY = 86_400_000
const none = () => h('i')
const button = (_: unknown, { attrs }: { attrs: Record<string, unknown> }) => h('button', { class: 'more' }, String(attrs.label))
async function draw(component: Parameters<typeof mount>[0], props: Record<string, unknown>, width = 900) {
  vi.stubGlobal('ResizeObserver', laidOut(width))
  const drawn = mount(component, { props, attachTo: document.body, global: { components: { ChartKey, ChartTooltip, LazyEffectDetail: none, UIcon: none, UButton: button } } })
  await nextTick()
  await nextTick()
  return drawn
}
const line = (key: string, points: Series['points'], given: Partial<Series> = {}): Series => ({ key, label: key, color: 'red', points, ...given })
const sound = (html: string) => expect(html).not.toMatch(/NaN|Infinity|undefined/)
afterEach(() => {
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

describe('labels', () => {
  it('are spread where they would touch', () => {
    expect(spread([10, 12, 50], 14, 0, 100)).toEqual([10, 24, 50])
    expect(Math.max(...spread([98, 99, 100], 14, 0, 100))).toBe(100)
  })
})

describe('a small interval', () => {
  it('is drawn and said in words', () => {
    const drawn = mount(MiniInterval, { props: { estimate: 0.05, lo: 0.01, hi: 0.09 } })
    expect(drawn.attributes('aria-label')).toBe('+5.0%, interval +1.0% to +9.0%, better')
    expect(drawn.attributes('style')).toContain('--pos')
  })
  it('has an arrow and no number where it has no end', () => {
    const drawn = mount(MiniInterval, { props: { estimate: null, lo: null, hi: null } })
    expect(drawn.findAll('path')).toHaveLength(2)
    expect(drawn.find('circle').exists()).toBe(false)
    sound(drawn.html())
  })
})

describe('lines over time', () => {
  it('have gaps where nothing is known and leave the picture where an end is open', async () => {
    const drawn = await draw(BandLine, { label: 'x', series: [line('a', [{ t: 0, y: null, lo: null, hi: null }, { t: DAY, y: 0.1, lo: null, hi: 0.5 }, { t: 2 * DAY, y: 0.1, lo: -0.1, hi: null }, { t: 3 * DAY, y: 0.1, lo: 0, hi: 0.2 }])] })
    expect(drawn.findAll('g path').length).toBeGreaterThan(2)
    sound(drawn.html())
  })
  it('can be one point, no point, or nothing but gaps', async () => {
    for (const points of [[{ t: 5, y: 0, lo: 0, hi: 0 }], [], [{ t: 5, y: null, lo: null, hi: null }]]) {
      const drawn = await draw(BandLine, { label: 'x', series: [line('a', points)] })
      sound(drawn.html())
      if (!points[0] || points[0].y === null) expect(drawn.text()).toContain('Nothing to draw yet')
      drawn.unmount()
    }
  })
  it('are 50 variants of 500 points, of which the tooltip names twelve', async () => {
    const series = Array.from({ length: 50 }, (_, k) => line(`v${k}`, Array.from({ length: 500 }, (_, t) => ({ t: t * 60_000, y: k + t, lo: null, hi: null })), { banded: false }))
    const drawn = await draw(BandLine, { label: 'x', unit: 'count', series })
    expect(drawn.findAll('path[stroke-linejoin=round]')).toHaveLength(50)
    await drawn.find('[role=img]').trigger('keydown', { key: 'ArrowLeft' })
    expect(drawn.findComponent(ChartTooltip).text()).toContain('and 38 more')
    sound(drawn.html())
  })
  it('are read point by point with the keyboard', async () => {
    const drawn = await draw(BandLine, { label: 'x', series: [line('a', [{ t: 0, y: 0.1, lo: 0, hi: 0.2 }, { t: DAY, y: 0.3, lo: 0.1, hi: null }])] })
    const picture = drawn.find('[role=img]')
    await picture.trigger('keydown', { key: 'End' })
    expect(drawn.findComponent(ChartTooltip).text()).toContain('+30.0%above +10.0%')
    await picture.trigger('keydown', { key: 'ArrowLeft' })
    expect(drawn.findComponent(ChartTooltip).text()).toContain('+10.0%0.0% to +20.0%')
    await picture.trigger('keydown', { key: 'Escape' })
    expect(drawn.findComponent(ChartTooltip).exists()).toBe(false)
  })
  it('have wings outside of what one look would allow, as far as that is known', async () => {
    const points = [{ t: 0, y: 0.1, lo: null, hi: null, once: null }, ...[1, 2, 3].map(t => ({ t: t * DAY, y: 0.1, lo: -0.3, hi: 0.5, once: [-0.1, 0.3] as [number, number] }))]
    const core = async (series: Series[]) => (await draw(BandLine, { label: 'x', series })).findAll('path[data-core]').map(p => p.attributes('d'))
    expect((await core([line('a', points)]))[0]).toMatch(/^M[^MZ]*Z$/)
    expect(await core([line('a', points.map(p => ({ ...p, once: null })))])).toEqual([''])
    expect(await core([line('a', points, { banded: false })])).toEqual([])
  })
  it('are told apart by dashes where names do not fit beside them', async () => {
    const two = [line('a', [{ t: 0, y: 1, lo: null, hi: null }, { t: 1, y: 2, lo: null, hi: null }]), line('b', [{ t: 0, y: 2, lo: null, hi: null }, { t: 1, y: 3, lo: null, hi: null }])]
    const dashes = async (width: number) => (await draw(BandLine, { label: 'x', series: two }, width)).findAll('path[stroke-linejoin=round]').map(p => p.attributes('stroke-dasharray'))
    expect(new Set(await dashes(310)).size).toBe(2)
    expect(new Set(await dashes(900)).size).toBe(1)
  })
})

describe('posteriors', () => {
  const density = (key: string, a: number, b: number): Density => ({ key, label: key, color: 'red', mean: a / (a + b), lo: 0.1, hi: 0.9, pBest: null, ...betaCurve(a, b) })
  it('are one ridge an arm, from no data at all to millions', async () => {
    for (const width of [900, 310]) {
      const drawn = await draw(PosteriorRidge, { label: 'x', control: 'a', items: [density('a', 1, 1), density('b', 1e6, 3e6), density('c', 0.5, 1e5), density('d', 1, 2)] }, width)
      expect(drawn.findAll('linearGradient')).toHaveLength(4)
      sound(drawn.html())
      drawn.unmount()
    }
  })
  it('have the middle half of the distribution', () => {
    expect(betaCurve(1, 1).fifty.map(v => Math.round(v * 100))).toEqual([25, 75])
    const { fifty: [lo, hi], ys } = betaCurve(300, 700) // scipy.stats.beta(300, 700).ppf([.25, .75]), .pdf(.3)
    expect(lo).toBeCloseTo(0.2901, 3)
    expect(hi).toBeCloseTo(0.3097, 3)
    expect(Math.max(...ys)).toBeCloseTo(27.5, 0)
  })
})

describe('shares', () => {
  const series = Array.from({ length: 50 }, (_, k) => ({ key: `v${k}`, label: `V ${k}`, color: 'red', values: [1 / 50] }))
  it('are drawn from one version on, with as many names as fit', async () => {
    const drawn = await draw(ShareArea, { label: 'x', t: [DAY], end: 2 * DAY, series })
    expect(drawn.findAll('text.name').length).toBeLessThan(20)
    sound(drawn.html())
  })
  it('say that nothing has been published', async () => {
    expect((await draw(ShareArea, { label: 'x', t: [], series: [] })).text()).toContain('Nothing has been published yet')
  })
})

describe('the forest', () => {
  const named = (key: string) => ({ key, name: key, is_control: key === 'control' })
  const variants = [named('control'), { ...named('a'), name: '<b>bold</b> عربي' }, named('b')]
  it('is a table that says each effect in words', async () => {
    const drawn = await draw(ForestPlot, { variants, focus: '', groups: forestGroups([metric('purchase', [effect('a'), effect('b', { lift: estimate(-0.01, -0.1, 0.08), significant: false, better: false, p_value: 0.8 })])]) })
    expect(drawn.findAll('tbody th[scope=row]').map(row => row.text())).toEqual(['<b>bold</b> عربي', 'b'])
    expect(drawn.findAll('svg[role=img]').map(row => row.attributes('aria-label'))).toEqual(['+20.0%, interval +5.0% to +35.0%, better', '\u22121.0%, interval \u221210.0% to +8.0%, unclear'])
    sound(drawn.html())
  })
  it('says why where there is no number', async () => {
    const drawn = await draw(ForestPlot, { variants, focus: '', groups: forestGroups([metric('purchase', [
      effect('a', { lift: estimate(null, null, null, { estimate: 'no_baseline' }), difference: estimate(2, null, 3) }),
      effect('b', { lift: estimate(null, null, null), difference: estimate(null, null, null), start: { open: false, reason: '40 more units are needed.' } })
    ], { kind: 'mean', unit: 'EUR' })]) })
    expect(drawn.text()).toContain('+2 EUR (below +3 EUR); no percentage: control is too close to zero')
    expect(drawn.text()).toContain('40 more units are needed.')
    sound(drawn.html())
  })
  it('draws arrows where an interval has no end', async () => {
    const drawn = await draw(ForestPlot, { variants, focus: '', groups: forestGroups([metric('purchase', [effect('a', { lift: estimate(0.1, null, null) })])]) })
    expect(drawn.findAll('tbody svg[role=img] path')).toHaveLength(2)
    expect(drawn.text()).toContain('unbounded')
    sound(drawn.html())
  })
  it('shows 60 of 40 metrics × 49 variants at once, and all when asked', async () => {
    const keys = Array.from({ length: 49 }, (_, k) => `v${k}`)
    const drawn = await draw(ForestPlot, { variants: ['control', ...keys].map(named), groups: forestGroups(Array.from({ length: 40 }, (_, k) => metric(`m${k}`, keys.map(key => effect(key))))) })
    expect(drawn.findAll('tbody th[scope=row]')).toHaveLength(60)
    expect(drawn.find('button.more').text()).toBe('Show all 1,960 rows')
  })
  it('tells the page which metric is looked at', async () => {
    const drawn = await draw(ForestPlot, { variants, focus: '', groups: forestGroups([metric('purchase', [effect('a')])]) })
    await drawn.find('tbody th[scope=row] button').trigger('click')
    expect(drawn.emitted('update:focus')).toEqual([['purchase']])
    expect(drawn.find('tbody th[scope=row] button').attributes('aria-expanded')).toBe('true')
  })
  it('is of slices, all to one scale, and none of them can be chosen', async () => {
    const of = metric('purchase', []).metric
    const drawn = await draw(ForestPlot, { variants, of: 'country', groups: [
      { key: 'DE', title: 'DE', note: '10 units', metric: of, effects: [effect('a')] },
      { key: 'unknown', title: 'Not known', note: '2 units', metric: of, effects: [effect('a', { lift: estimate(1.2, 1, 1.4) })] }
    ] })
    expect(drawn.findAll('th[scope=rowgroup]').map(row => row.text())).toEqual(['DE10 units', 'Not known2 units'])
    expect(drawn.find('th[scope=rowgroup] button').exists()).toBe(false)
    expect(drawn.findAll('tbody svg[role=img] path')).toHaveLength(0)
    await drawn.find('tbody th[scope=row] button').trigger('click')
    expect(drawn.emitted('update:focus')).toBeUndefined()
  })
})
