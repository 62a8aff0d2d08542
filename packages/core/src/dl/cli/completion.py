"""The verb completion: the script with which a shell completes the words of dl.

Each script asks ``dl completion --candidates -- WORD...`` and gets a line for each word that fits, with its help after
a tab. A line that begins with a tab asks for files and folders. The script quotes words as its shell needs it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from dl.errors import BadOption, nearest

BASH = r"""# completion of dl for bash; in ~/.bashrc: eval "$(dl completion bash)"
_dl() {
    local typed=${COMP_LINE:0:COMP_POINT} current before="" word files="" words
    read -ra words <<<"$typed"
    [[ $typed == *[[:space:]] ]] && words+=("")
    current=${words[-1]}
    # bash replaces only what follows the last = or : of a word
    [[ $current == *=* && $COMP_WORDBREAKS == *=* ]] && before=${current%=*}=
    [[ ${current#"$before"} == *:* && $COMP_WORDBREAKS == *:* ]] && before=${current%:*}:
    COMPREPLY=()
    while IFS= read -r word; do
        if [[ $word == $'\t'* ]]; then files=yes; continue; fi
        word=${word%%$'\t'*}
        COMPREPLY+=("${word#"$before"}")
    done < <("${COMP_WORDS[0]}" completion --candidates -- "${words[@]:1}" 2>/dev/null)
    if [[ $files ]]; then
        compopt -o filenames
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "${current#"$before"}")
    fi
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return 0
}
complete -F _dl dl
"""
ZSH = r"""#compdef dl
# completion of dl for zsh; in ~/.zshrc after compinit: eval "$(dl completion zsh)"
_dl() {
    local -a names shown open open_shown
    local line word files=""
    for line in "${(@f)$(dl completion --candidates -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        [[ -z $line ]] && continue
        if [[ $line == $'\t'* ]]; then files=yes; continue; fi
        word=${line%%$'\t'*}
        line=${line/$'\t'/  }
        if [[ $word == *= ]]; then open+=("$word"); open_shown+=("$line")
        else names+=("$word"); shown+=("$line"); fi
    done
    compadd -l -d shown -a names
    compadd -l -S '' -d open_shown -a open
    [[ $files ]] && _files
}
if [[ $funcstack[1] == _dl ]]; then _dl "$@"; else compdef _dl dl; fi
"""
FISH = r"""# completion of dl for fish; once: dl completion fish > ~/.config/fish/completions/dl.fish
function __dl_words
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -e words[1]
    set -l current (commandline --current-token --cut-at-cursor)
    for line in (dl completion --candidates -- $words "$current" 2>/dev/null)
        if string match --quiet --regex '^\t' -- $line
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete --command dl --no-files --arguments '(__dl_words)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}

_COMPLETION = """Print the script that completes words in your shell.

Example: dl completion bash

bash: eval "$(dl completion bash)" in ~/.bashrc. zsh: eval "$(dl completion zsh)" in ~/.zshrc, after compinit.
fish: dl completion fish > ~/.config/fish/completions/dl.fish
"""


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_COMPLETION)(completion)


def completion(
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")] = "",
    words: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    candidates: Annotated[bool, typer.Option("--candidates", hidden=True)] = False,
) -> None:
    """Print the script of a shell, or the candidates for the last of some words."""
    if candidates:
        _print_candidates([shell, *(words or [])])
        return
    if shell not in SCRIPTS:
        which = f"no completion for {shell!r}{nearest(shell, SCRIPTS)}" if shell else "the name of the shell is missing"
        raise BadOption(f"{which}  one of: {', '.join(f'dl completion {name}' for name in SCRIPTS)}")
    print(SCRIPTS[shell], end="")


def _print_candidates(words: list[str]) -> None:
    from dl.cli import candidates

    for one in candidates.candidates(words):
        print(f"{one.word}\t{' '.join(one.help.split())}")
