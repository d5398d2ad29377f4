/**
 * Runs `zen-lead completion SHELL`, which prints the completion script of a shell.
 *
 *   source <(zen-lead completion bash)
 *   zen-lead completion fish | source
 */

import type { Values } from '../../lib/config/parseCommandLine.ts';
import { renderBashCompletion } from '../completion/bash.ts';
import { listCompletions } from '../completion/completions.ts';
import { renderFishCompletion } from '../completion/fish.ts';
import { renderZshCompletion } from '../completion/zsh.ts';

const renderers = { bash: renderBashCompletion, zsh: renderZshCompletion, fish: renderFishCompletion } as const;

export async function completion({ shell }: Values<'completion'>): Promise<void> {
  process.stdout.write(renderers[shell](listCompletions()));
}
