import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import AutoImport from 'unplugin-auto-import/vite'
import { defineConfig } from 'vitest/config'

const app = fileURLToPath(new URL('./app', import.meta.url))
// Plain Vite + Vue, without booting Nuxt: the few auto-imports the units use are declared here.
export default defineConfig({
  resolve: { alias: { '~': app } },
  plugins: [vue(), AutoImport({ imports: ['vue'], dirs: [`${app}/composables`, `${app}/utils`], dts: false, vueTemplate: true })],
  server: { fs: { allow: ['..'] } }, // docs/glossary.md
  test: { environment: 'happy-dom', include: ['test/**/*.test.ts'] }
})
