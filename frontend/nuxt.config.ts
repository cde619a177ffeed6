// A static single-page application: `npm run build` -> .output/public, which the Litmus server serves at `/`.
export default defineNuxtConfig({
  compatibilityDate: '2026-01-01',
  ssr: false,
  buildDir: '.nuxt', // newer @nuxt/kit builds into node_modules/.cache/nuxt when .nuxt exists; keep one place
  devtools: { enabled: false },
  telemetry: false,
  modules: ['@nuxt/ui'],
  css: ['~/assets/css/main.css'],

  // components are registered by file name, wherever they sit
  components: [{ path: '~/components', pathPrefix: false }],

  ui: {
    fonts: false, // never load @nuxt/fonts (it queries font providers at build time)
    colorMode: true
  },

  icon: {
    provider: 'none', // no runtime API: an icon missing from the bundle stays empty and warns
    fallbackToApi: false, // never call api.iconify.design
    serverBundle: false, // static output: there is no server to bundle for
    // the default scan skips .ts files: without this glob, icons named in app.config.ts or composables go missing
    clientBundle: { scan: { globInclude: ['app/**/*.{vue,ts}'], globExclude: ['node_modules', '.*'] }, sizeLimitKb: 256, includeCustomCollections: false }
  },

  colorMode: { preference: 'system', fallback: 'light', storageKey: 'litmus-color-mode' },

  app: {
    head: {
      htmlAttrs: { lang: 'en' },
      title: 'Litmus',
      meta: [
        { charset: 'utf-8' },
        { name: 'viewport', content: 'width=device-width, initial-scale=1' },
        { name: 'color-scheme', content: 'light dark' },
        { name: 'litmus-api-base', content: '/api/v1' } // the server that serves the page may write another one into it when it starts
      ],
      link: [{ rel: 'icon', type: 'image/svg+xml', href: '/favicon.svg' }]
    }
  },

  spaLoadingTemplate: true,
  experimental: { viteEnvironmentApi: true, payloadExtraction: false, appManifest: false, defaults: { nuxtLink: { prefetchOn: { visibility: false, interaction: true } } } },
  nitro: { preset: 'static', compressPublicAssets: { gzip: true, brotli: false }, devProxy: { '/api': { target: 'http://127.0.0.1:8000/api', changeOrigin: true, ws: true } } },
  typescript: { strict: true },

  vite: {
    build: { chunkSizeWarningLimit: 900 },
    server: { fs: { allow: ['..'] } } // docs/glossary.md
  },
  devServer: { port: 3210 },
  hooks: {
    // the form has a frame of its own: it does not bring what the other pages of an experiment need
    'pages:extend'(pages) {
      const one = pages.find(page => page.path === '/experiments/:id()')
      const edit = one?.children?.find(page => page.path === 'edit')
      if (!one || !edit) throw new Error('pages/experiments/[id]/edit.vue is not where it was')
      one.children = one.children!.filter(page => page !== edit)
      pages.push({ ...edit, path: '/experiments/:id()/edit' })
    },
    // no speculative downloads: they compete with the first render, and the whole app is small
    'build:manifest'(manifest) {
      for (const item of Object.values(manifest)) {
        item.prefetch = false
        item.dynamicImports = []
      }
    }
  }
})
