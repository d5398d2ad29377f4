/**
 * Renders the program that kubectl asks what can follow `kubectl zen-lead`. `npm link` and
 * `npm install` put it on the PATH, beside the plugin.
 *
 * Source: https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/ (kubectl_complete-NAME;
 * kubectl 1.26 or later); https://pkg.go.dev/github.com/spf13/cobra#ShellCompDirective (the last
 * line: `:4` is no file, `:0` is files too)
 */

import { type CommandCompletion, servicesCommand, type ValueCompletion } from './completions.ts';

export function renderKubectlCompletion(commands: readonly CommandCompletion[]): string {
  return `#!/bin/sh
# Completes "kubectl zen-lead" (kubectl 1.26 or later). Written by npm run pages; a test compares.
services() {
  ${servicesCommand('kubectl zen-lead')}
}
word='' before=''
for argument; do before=$word; word=$argument; done
if [ $# -le 1 ]; then
  printf '%s\\t%s\\n' ${commands.map(({ name, summary }) => `${name} ${quote(summary)}`).join(' ')}
  echo :4
  exit
fi
case "$1 $before" in
${commands.flatMap(renderValues).join('\n')}
esac
case "$1 $word" in
${commands.map(renderFlags).join('\n')}
esac
echo :4
`;
}

function renderValues({ name, flags }: CommandCompletion): readonly string[] {
  return flags.flatMap(({ flag, short, value }) => {
    if (value.kind === 'none') return [];
    const patterns = [`'${name} --${flag}'`, ...(short === null ? [] : [`'${name} -${short}'`])].join(' | ');
    return `  ${patterns}) ${renderReply(value)}; exit ;;`;
  });
}

function renderFlags({ name, flags, operand }: CommandCompletion): string {
  const words = [...flags.map(({ flag }) => `--${flag}`), '--help'].join(' ');
  return `  "${name} -"*) printf '%s\\n' ${words}; echo :4; exit ;;\n  "${name} "*) ${renderReply(operand)}; exit ;;`;
}

function renderReply(value: ValueCompletion): string {
  if (value.kind === 'file') return 'echo :0';
  if (value.kind === 'service') return 'services; echo :4';
  return value.kind === 'choices' ? `printf '%s\\n' ${value.choices.join(' ')}; echo :4` : 'echo :4';
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
