/** Skips what `leftOut` names by title; the run says why. */

import { beforeEach } from 'vitest';
import { leftOut } from './leftOut.ts';

beforeEach(({ task, skip }) => {
  const found = leftOut.find(
    (each) => task.file.filepath.endsWith(`/unit/${each.file}`) && each.titles?.includes(task.name),
  );
  if (found !== undefined) skip(found.because);
});
