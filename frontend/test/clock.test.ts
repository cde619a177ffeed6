import { expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { useServerClock } from '~/composables/useServerClock'

it('the clock goes on when the page that asked for it first is left', () => {
  vi.useFakeTimers()
  const page = effectScope()
  page.run(() => useServerClock())
  page.stop()
  const { now } = useServerClock()
  const before = now.value
  vi.advanceTimersByTime(5_000)
  expect(now.value - before).toBeGreaterThanOrEqual(5_000)
})
