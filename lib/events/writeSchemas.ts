/**
 * Writes `schemas/*.json` (`npm run schemas`). A unit test compares the files with its output.
 */

import { toSchemaFiles } from './schemaFiles.ts';
import { writeSchemaFiles } from './writeSchemaFiles.ts';

writeSchemaFiles(toSchemaFiles());
