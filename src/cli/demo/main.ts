/** The program behind `npm run demo`. */
import { processIo } from '../process.ts';
import { runDemo } from './run.ts';

process.exitCode = await runDemo(process.argv.slice(2), processIo());
