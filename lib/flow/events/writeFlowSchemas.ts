/** Writes the schemas of flow events into `schemas/` (`npm run schemas`). A unit test compares. */

import { writeSchemaFiles } from '../../events/writeSchemaFiles.ts';
import { toFlowSchemaFiles } from './flowSchemaFiles.ts';

writeSchemaFiles(toFlowSchemaFiles());
