export default defineAppConfig({
  ui: {
    // Nuxt UI's own icons. Named here on purpose: the icon scan reads the app's sources, not
    // node_modules, so without this list they would be missing from the offline bundle.
    icons: {
      arrowDown: 'i-lucide-arrow-down', arrowLeft: 'i-lucide-arrow-left', arrowRight: 'i-lucide-arrow-right', arrowUp: 'i-lucide-arrow-up',
      caution: 'i-lucide-circle-alert', check: 'i-lucide-check', chevronDoubleLeft: 'i-lucide-chevrons-left', chevronDoubleRight: 'i-lucide-chevrons-right',
      chevronDown: 'i-lucide-chevron-down', chevronLeft: 'i-lucide-chevron-left', chevronRight: 'i-lucide-chevron-right', chevronUp: 'i-lucide-chevron-up',
      close: 'i-lucide-x', copy: 'i-lucide-copy', copyCheck: 'i-lucide-copy-check', dark: 'i-lucide-moon', ellipsis: 'i-lucide-ellipsis',
      error: 'i-lucide-circle-x', external: 'i-lucide-arrow-up-right', info: 'i-lucide-info', light: 'i-lucide-sun', loading: 'i-lucide-loader-circle',
      menu: 'i-lucide-menu', minus: 'i-lucide-minus', panelClose: 'i-lucide-panel-left-close', panelOpen: 'i-lucide-panel-left-open', plus: 'i-lucide-plus',
      search: 'i-lucide-search', success: 'i-lucide-circle-check', system: 'i-lucide-monitor', warning: 'i-lucide-triangle-alert'
    },
    colors: {
      primary: 'zinc', // overridden in main.css: chrome is ink, colour is for data
      neutral: 'zinc',
      success: 'emerald',
      warning: 'amber',
      error: 'red',
      info: 'blue'
    },
    card: {
      slots: {
        root: 'rounded-xl shadow-[0_1px_2px_rgb(0_0_0/0.04)]',
        header: 'px-5 py-4 sm:px-5',
        body: 'p-5 sm:p-5'
      },
      defaultVariants: { variant: 'outline' }
    },
    button: {
      slots: { base: 'font-medium cursor-pointer' },
      variants: { size: { md: { leadingIcon: 'size-4', trailingIcon: 'size-4' }, sm: { leadingIcon: 'size-3.5' } } }
    },
    select: { variants: { size: { md: { leadingIcon: 'size-4', trailingIcon: 'size-4' } } } },
    input: { variants: { size: { md: { leadingIcon: 'size-4' } } } },
    alert: { slots: { root: 'rounded-xl px-5', description: 'text-toned opacity-100' } },
    badge: { slots: { base: 'font-medium' } }
  }
})
