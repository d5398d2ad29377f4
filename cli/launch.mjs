#!/usr/bin/env node
/** Starts zen-lead. The `bin` of the package. */

import { launch } from './launchProgram.mjs';

await launch('zen-lead');
