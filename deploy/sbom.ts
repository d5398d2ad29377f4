/**
 * `npm run sbom`: the bill of materials of the image on standard output.
 */

import { writeSbom } from './image/writeSbom.ts';

process.stdout.write(writeSbom());
