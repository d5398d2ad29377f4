#!/usr/bin/env node
/** Starts zen-flow, the other `bin` of the package. */

import { launch } from './launchProgram.mjs';

await launch('zen-flow');
