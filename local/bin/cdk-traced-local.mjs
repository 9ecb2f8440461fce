#!/usr/bin/env node
// Runs the CDK app in the current folder on the local cloud: `npx cdk-traced-local --help`.
import '../../scripts/start.mjs';
