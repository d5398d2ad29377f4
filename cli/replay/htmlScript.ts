/**
 * The script of the page of `replay --html`. Plain JavaScript for a browser: no build step stands between this text and the page. Its three
 * parts are one script, in one scope.
 */

import { drawScript } from './page/drawScript.ts';
import { laneScript } from './page/laneScript.ts';
import { pointScript } from './page/pointScript.ts';

export const htmlScript = laneScript + drawScript + pointScript;
