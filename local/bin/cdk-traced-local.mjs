#!/usr/bin/env node
// Runs the CDK app in the current folder on the local cloud: `npx cdk-traced-local --help`.
import { existsSync } from 'node:fs';

// A clone is set up and built first; what is published is built.
const isCheckout = existsSync(new URL('../src/main.ts', import.meta.url));
if (!isCheckout) process.setSourceMapsEnabled(true);
await import(new URL(isCheckout ? '../../scripts/start.mjs' : '../dist/main.cjs', import.meta.url).href);
