import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['test/assertions/vitest/*.vitest.ts'], cache: false }, cacheDir: '../node_modules/.vite' });
