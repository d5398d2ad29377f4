/**
 * Renders the completion script of zsh.
 *
 * Source: https://zsh.sourceforge.io/Doc/Release/Completion-System.html (_describe, _arguments)
 */

import { type CommandCompletion, type FlagCompletion, servicesCommand, type ValueCompletion } from './completions.ts';

export function renderZshCompletion(commands: readonly CommandCompletion[]): string {
  return `#compdef zen-lead
# zsh completion of zen-lead: source <(zen-lead completion zsh)
_zen_lead_services() {
  local -a services
  services=(\${(f)"$(${servicesCommand('zen-lead')})"})
  compadd -a services
}
_zen_lead() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
${commands.map(renderCommand).join('\n')}
  esac
}
compdef _zen_lead zen-lead
`;
}

function renderCommand({ name, flags, operand }: CommandCompletion): string {
  const rest = operand.kind === 'any' ? [] : [quote(`*:operand${renderAction(operand)}`)];
  const rows = [...flags.flatMap(renderFlag), quote('--help[This text.]'), ...rest];
  return `    ${name}) _arguments \\\n${rows.map((row) => `      ${row}`).join(' \\\n')} ;;`;
}

function renderFlag({ flag, short, meaning, value }: FlagCompletion): readonly string[] {
  // Brackets and colons separate the parts of a specification.
  const text = `[${meaning.replaceAll(/[[\]:]/g, '\\\\$&').replaceAll('\\\\', '\\')}]`;
  const behind = value.kind === 'none' ? '' : `:value${renderAction(value)}`;
  const names = [`--${flag}`, ...(short === null ? [] : [`-${short}`])];
  return names.map((one) => quote(`${one}${text}${behind}`));
}

function renderAction(value: ValueCompletion): string {
  if (value.kind === 'choices') return `:(${value.choices.join(' ')})`;
  if (value.kind === 'service') return ':_zen_lead_services';
  return value.kind === 'file' ? ':_files' : ': ';
}

/** For a single-quoted word. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
