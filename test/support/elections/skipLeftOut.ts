/** Skips what `leftOut` names by title; the run says why. */

import { basename } from 'node:path';
import { beforeEach } from 'vitest';
import { leftOut } from './leftOut.ts';

beforeEach(({ task, skip }) => {
  const file = basename(task.file.filepath);
  const found = leftOut.find((each) => each.file === file && each.titles?.includes(task.name));
  if (found !== undefined) skip(found.because);
});
