const offset = ref(0)
const ticks = ref(Date.now())
let ticking = false

/** The server's time: "4 min ago" is right although the browser's clock is a day off. Milliseconds, every second anew. */
export function useServerClock() {
  if (!ticking) {
    ticking = true
    setInterval(() => { ticks.value = Date.now() }, 1000) // not the first page's own: that one may be left, and the others tick on
  }
  return {
    now: computed(() => ticks.value + offset.value),
    /** A `Date` header; differences that a slow answer explains are left alone. */
    heard: (date: string | null) => {
      const told = date === null ? Number.NaN : Date.parse(date)
      if (Number.isNaN(told)) return
      const off = told + 500 - Date.now()
      offset.value = Math.abs(off) < 5_000 ? 0 : Math.abs(off - offset.value) < 5_000 ? offset.value : off
    }
  }
}
