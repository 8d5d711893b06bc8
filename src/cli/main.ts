#!/usr/bin/env node
/** The program `biomedparse`. */
import { processIo } from './process.ts';
import { run } from './run.ts';

process.exitCode = await run(process.argv.slice(2), processIo());
