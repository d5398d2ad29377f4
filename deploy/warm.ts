/**
 * `node deploy/warm.ts BUNDLE CACHE UID`: fills the compile cache of an image that deploy/Dockerfile makes.
 */

import { warmCompileCache } from './image/warmCompileCache.ts';

const [bundle, cache, uid] = process.argv.slice(2);
if (bundle === undefined || cache === undefined || uid === undefined) {
  throw new Error('usage: node deploy/warm.ts BUNDLE CACHE UID');
}
await warmCompileCache(bundle, cache, Number(uid));
