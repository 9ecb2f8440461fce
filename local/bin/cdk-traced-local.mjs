#!/usr/bin/env node
// Runs the CDK app in the current folder on the local cloud: `npx <path of the workspace local> --help`.
import '../../scripts/start.mjs';
