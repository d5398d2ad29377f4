/**
 * Renders the completion script of bash.
 *
 * Source: https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
 */

import { type CommandCompletion, servicesCommand, type ValueCompletion } from './completions.ts';

export function renderBashCompletion(commands: readonly CommandCompletion[]): string {
  return `# bash completion of zen-lead: source <(zen-lead completion bash)
_zen_lead_services() {
  ${servicesCommand('zen-lead')}
}
_zen_lead() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}" command="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} --help --version" -- "$word"))
    return
  fi
  case "$command $before" in
${commands.flatMap(renderValues).join('\n')}
  esac
  case "$command" in
${commands.map(renderFlags).join('\n')}
  esac
}
complete -F _zen_lead zen-lead
`;
}

function renderValues({ name, flags }: CommandCompletion): readonly string[] {
  return flags.flatMap(({ flag, short, value }) => {
    if (value.kind === 'none') return [];
    const patterns = [`"${name} --${flag}"`, ...(short === null ? [] : [`"${name} -${short}"`])].join(' | ');
    return `    ${patterns}) ${renderReply(value)}; return ;;`;
  });
}

function renderFlags({ name, flags, operand }: CommandCompletion): string {
  const words = [...flags.map(({ flag }) => `--${flag}`), '--help'].join(' ');
  return `    ${name}) case "$word" in -*) COMPREPLY=($(compgen -W "${words}" -- "$word")) ;; *) ${renderReply(operand)} ;; esac ;;`;
}

function renderReply(value: ValueCompletion): string {
  if (value.kind === 'choices') return `COMPREPLY=($(compgen -W "${value.choices.join(' ')}" -- "$word"))`;
  if (value.kind === 'service') return 'COMPREPLY=($(compgen -W "$(_zen_lead_services)" -- "$word"))';
  return value.kind === 'file' ? 'COMPREPLY=($(compgen -f -- "$word"))' : ':';
}
