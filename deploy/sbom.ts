/**
 * `npm run sbom` prints the bill of materials of the image.
 */

import { writeSbom } from './image/writeSbom.ts';

process.stdout.write(writeSbom());
