/** For each shell a script that asks `sluice complete` what may stand next. Lines are `word TAB about`, or `:files`. */
export const completionScripts = {
  bash: `# Completion of sluice for bash: eval "$(sluice completion bash)", or a file in ~/.local/share/bash-completion/completions.
_sluice() {
  local word _about
  COMPREPLY=()
  while IFS=$'\\t' read -r word _about; do
    COMPREPLY+=("$word")
  done < <(sluice complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "\${COMPREPLY[0]-}" = ':files' ]; then
    COMPREPLY=()
    compopt -o default 2>/dev/null
  fi
}
complete -F _sluice sluice
`,
  zsh: `#compdef sluice
# Completion of sluice for zsh: source <(sluice completion zsh) after compinit, or the file _sluice in a folder of $fpath.
_sluice() {
  local line
  local -a found
  while IFS= read -r line; do
    found+=("\${line//$'\\t'/:}")
  done < <(sluice complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if [[ "\${found[1]-}" == ':files' ]]; then
    _files
  else
    _describe sluice found
  fi
}
if [[ "\${funcstack[1]-}" == _sluice ]]; then _sluice "$@"; else compdef _sluice sluice; fi
`,
  fish: `# Completion of sluice for fish: sluice completion fish | source, or a file in ~/.config/fish/completions.
function __sluice_complete
    set -l before (commandline -opc)
    set -e before[1]
    set -l current (commandline -ct)
    set -l found (sluice complete -- $before "$current" 2>/dev/null)
    if test "$found[1]" = ':files'
        __fish_complete_path "$current"
    else
        printf '%s\\n' $found
    end
end
complete -c sluice -f -a '(__sluice_complete)'
`,
} as const;
