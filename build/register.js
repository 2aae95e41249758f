// Lets Node 20 run this project's TypeScript: `node --import ./build/register.js file.ts`.
import { register } from 'node:module';

register('./typescript-hook.js', import.meta.url);
