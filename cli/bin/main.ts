#!/usr/bin/env node
// Entry of the CLI. The same file runs from source (node strips the types) and from dist/.
import { enableCompileCache } from 'node:module';

enableCompileCache(); // before anything that is worth keeping is loaded
await import('./run-command.ts');
